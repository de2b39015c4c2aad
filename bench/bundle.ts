import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { developmentPackage } from './built.ts';

/** What is used of rolldown, the bundler that vitest brings along. */
interface Rolldown {
  rolldown(options: object): Promise<{
    generate(options: object): Promise<{ readonly output: readonly Chunk[] }>;
    close(): Promise<void>;
  }>;
}
interface Chunk {
  readonly fileName: string;
  readonly name?: string;
  readonly isEntry?: boolean;
  readonly code?: string;
  readonly source?: string | Uint8Array;
  readonly imports?: readonly string[];
}

export interface PagePart {
  readonly part: string;
  readonly bytes: number;
  readonly gzip: number;
}

/**
 * Bundles a page that trains and samples an LSTM language model, and one that classifies images, to memory, and weighs what
 * they load: their JavaScript at once, one of the four builds of the kernels when a device opens, and the workers' script
 * where there are threads. Null without a bundler.
 */
export async function bundleForPage(dist: string): Promise<PagePart[] | null> {
  const bundler = await developmentPackage<Rolldown>('rolldown');
  if (!bundler) return null;
  const page = `
    import { openDevice } from ${JSON.stringify(join(dist, 'index.js'))};
    import { generate, LanguageModel, languageModelTraining, tokenizerFor } from ${JSON.stringify(join(dist, 'tasks/language-model/index.js'))};
    import { train } from ${JSON.stringify(join(dist, 'train/index.js'))};
    globalThis.page = { openDevice, generate, LanguageModel, languageModelTraining, tokenizerFor, train };`;
  const library = await chunksOf(bundler, entry(page));
  const worker = await chunksOf(bundler, { input: join(dist, 'backend/wasm/worker.js') });
  const kernels = library.filter(({ name }) => name === 'relaxed-shared');
  if (kernels.length !== 1) throw new Error('bundle: the kernels of one build are not a chunk of their own');
  const parts = [
    weigh('page: JavaScript, at once', reachable(library)),
    weigh('page: kernels, one build of four, with openDevice', kernels),
    weigh('page: script of the workers, with threads', worker),
  ];
  const sum = (key: 'bytes' | 'gzip') => parts.reduce((total, part) => total + part[key], 0);
  const alone: PagePart[] = [];
  for (const [name, module] of Object.entries(single)) {
    const chunks = await chunksOf(
      bundler,
      entry(`import { ${name} } from ${JSON.stringify(join(dist, module))}; globalThis.page = ${name};`),
    );
    alone.push(weigh(`${name} alone: JavaScript`, reachable(chunks)));
  }
  const seeing = await chunksOf(bundler, entry(classifyingPage(dist)));
  const alsoLoaded = seeing.filter(({ name }) => name === 'relaxed-local');
  const images = weigh('page that classifies images, one thread: in all', [...reachable(seeing), ...alsoLoaded]);
  return [...parts, { part: 'page: in all', bytes: sum('bytes'), gzip: sum('gzip') }, images, ...alone];
}

/** What examples/page-camera has in its worker. */
const classifyingPage = (dist: string): string => `
  import { openDevice } from ${JSON.stringify(join(dist, 'index.js'))};
  import { imageOf, openImage } from ${JSON.stringify(join(dist, 'images/index.js'))};
  import { ImageClassifier } from ${JSON.stringify(join(dist, 'tasks/classify-images/index.js'))};
  globalThis.page = { openDevice, imageOf, openImage, ImageClassifier };`;

/** What importing one name brings along. */
const single: Readonly<Record<string, string>> = {
  Linear: 'nn/index.js',
  GruCell: 'nn/index.js',
  Recurrent: 'nn/index.js',
  openDevice: 'index.js',
  lineChart: 'charts/index.js',
};

/** A page that consists of this code. */
function entry(code: string): object {
  return {
    input: 'page',
    plugins: [
      {
        name: 'page',
        resolveId: (id: string) => (id === 'page' ? '\0page' : null),
        load: (id: string) => (id === '\0page' ? code : null),
      },
    ],
  };
}

async function chunksOf({ rolldown }: Rolldown, input: object): Promise<readonly Chunk[]> {
  const bundle = await rolldown({ platform: 'browser', logLevel: 'silent', ...input });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output;
}

/** The entry and what it imports other than lazily. */
function reachable(chunks: readonly Chunk[]): Chunk[] {
  const found = new Set<Chunk>();
  const visit = (chunk: Chunk): void => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports ?? []) {
      const next = chunks.find(({ fileName }) => fileName === name);
      if (next) visit(next);
    }
  };
  for (const chunk of chunks) if (chunk.isEntry) visit(chunk);
  return [...found];
}

function weigh(part: string, chunks: readonly Chunk[]): PagePart {
  const contents = chunks.map(({ code, source }) => Buffer.from(code ?? source ?? ''));
  return {
    part,
    bytes: contents.reduce((total, content) => total + content.length, 0),
    gzip: contents.reduce((total, content) => total + gzipSync(content, { level: 9 }).length, 0),
  };
}
