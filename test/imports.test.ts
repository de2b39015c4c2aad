import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { derivedFiles } from '../tools/subpaths.ts';

/**
 * The rooms of the library, lowest first: the files of each, and which rooms it may import from besides itself.
 * Types of the backend interface may be imported everywhere.
 */
const rooms: readonly { readonly name: string; readonly files: RegExp; readonly knows: readonly string[] }[] = [
  { name: 'values', files: /^(errors|checks|schema|labels|signal|shape|random)\.ts$/, knows: [] },
  { name: 'charts', files: /^charts\//, knows: ['values'] },
  { name: 'interface', files: /^backend\/(attention|backend|convolution|scan)\.ts$/, knows: ['values'] },
  { name: 'composed', files: /^backend\/composed\//, knows: ['values', 'interface'] },
  { name: 'reference', files: /^backend\/reference\//, knows: ['values', 'interface'] },
  { name: 'wasm', files: /^backend\/wasm\//, knows: ['values', 'interface'] },
  { name: 'tensor', files: /^tensor\//, knows: ['values', 'interface'] },
  { name: 'autodiff', files: /^autodiff\//, knows: ['values', 'tensor'] },
  { name: 'ops', files: /^ops\//, knows: ['values', 'interface', 'composed', 'tensor', 'autodiff'] },
  // The one file that names the backends.
  { name: 'device', files: /^device\.ts$/, knows: ['values', 'interface', 'reference', 'wasm', 'tensor', 'ops'] },
  { name: 'nn', files: /^nn\//, knows: ['values', 'interface', 'tensor', 'autodiff', 'ops'] },
  // An optimizer updates the flat buffer of a model's parameters, which nn gives out.
  { name: 'optim', files: /^optim\//, knows: ['values', 'tensor', 'nn'] },
  { name: 'decode', files: /^decode\//, knows: ['values', 'tensor', 'ops', 'nn'] },
  { name: 'tokenizers', files: /^tokenizers\//, knows: ['values'] },
  { name: 'metrics', files: /^metrics\//, knows: ['values'] },
  { name: 'data', files: /^data\//, knows: ['values', 'tensor'] },
  { name: 'images', files: /^images\//, knows: ['values', 'tensor', 'data'] },
  {
    name: 'inspect',
    files: /^inspect\//,
    knows: ['values', 'charts', 'tensor', 'autodiff', 'ops', 'nn', 'optim', 'images'],
  },
  { name: 'io', files: /^io\//, knows: ['values'] },
  { name: 'vision', files: /^vision\//, knows: ['values', 'tensor', 'autodiff', 'ops', 'nn', 'images', 'io'] },
  { name: 'words', files: /^words\//, knows: ['values', 'tensor', 'ops', 'nn'] },
  {
    name: 'train',
    files: /^train\//,
    knows: ['values', 'tensor', 'autodiff', 'ops', 'nn', 'optim', 'data', 'inspect', 'io'],
  },
  {
    name: 'keras',
    files: /^keras\//,
    knows: ['values', 'tensor', 'device', 'ops', 'nn', 'optim', 'data', 'io', 'train'],
  },
  {
    name: 'onnx',
    files: /^onnx\//,
    knows: ['values', 'tensor', 'ops', 'nn', 'io', 'keras'],
  },
  {
    name: 'pretrained',
    files: /^pretrained\//,
    knows: ['values', 'nn', 'tokenizers', 'images', 'io', 'train'],
  },
  {
    name: 'tasks',
    files: /^tasks\//,
    knows: [
      ...['values', 'tensor', 'autodiff', 'ops', 'nn', 'optim', 'decode', 'tokenizers', 'metrics', 'data', 'inspect'],
      ...['images', 'io', 'vision', 'words', 'train', 'onnx'],
    ],
  },
  {
    name: 'search',
    files: /^search\//,
    knows: [
      ...['values', 'charts', 'tensor', 'ops', 'nn', 'optim', 'tokenizers', 'data', 'images', 'io', 'vision', 'train'],
      'tasks',
    ],
  },
  // What `import … from 'unrolled'` gives.
  { name: 'index', files: /^index\.ts$/, knows: ['values', 'interface', 'tensor', 'device', 'autodiff', 'ops'] },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const library = 'packages/unrolled/src';

interface Import {
  /** As written. */
  readonly name: string;
  readonly typesOnly: boolean;
}

interface Source {
  /** From the repository's root. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** Strings are matched only to be kept: a `//` in one begins no comment. */
function withoutComments(code: string): string {
  const parts = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return code.replace(parts, (_, string?: string) => string ?? ' ');
}

function importsOf(code: string): Import[] {
  const found: Import[] = [];
  const statements = /^[ \t]*(?:import|export)\s+(?:(type)\s+)?(?:([\w*\s{},$]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
  for (const [, type, names = '', name] of code.matchAll(statements)) {
    const inner = /^\{(.*)\}$/s.exec(names.trim())?.[1].split(',');
    const parts = inner?.map((part) => part.trim()).filter((part) => part !== '');
    const allTypes = parts !== undefined && parts.length > 0 && parts.every((part) => part.startsWith('type '));
    found.push({ name, typesOnly: type !== undefined || allTypes });
  }
  // import('…') of a value, typeof import('…'), and files named to be loaded, such as workers.
  const loads = /\bimport\(\s*['"]([^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.ts)['"],\s*import\.meta\.url/g;
  for (const [, module, file] of code.matchAll(loads)) found.push({ name: module ?? file, typesOnly: false });
  return found;
}

function read(pattern: string): Source[] {
  const paths = globSync(pattern, { cwd: root }).filter((path) => !path.includes('node_modules'));
  return paths.sort().map((path) => {
    const code = withoutComments(readFileSync(join(root, path), 'utf8'));
    return { path, code, imports: importsOf(code) };
  });
}

/** What ships: no tests, and not the suite that tests hold every backend to. */
const isTest = ({ path }: Source): boolean => /\.test\.ts$|\/backend\/conformance\//.test(path);
const sources = read(`${library}/**/*.ts`).filter((source) => !isTest(source));
const isRelative = (name: string): boolean => name.startsWith('.');
const target = (from: Source, name: string): string => join(dirname(from.path), name);
const roomOf = (path: string) => rooms.find(({ files }) => files.test(relative(library, path)));

/** `path → import` for every import that breaks a rule. */
function offenders(from: readonly Source[], breaks: (source: Source, imported: Import) => boolean): string[] {
  return from.flatMap((source) =>
    source.imports.filter((imported) => breaks(source, imported)).map(({ name }) => `${source.path} → ${name}`),
  );
}

describe('the reader of imports', () => {
  test('finds every form of them', () => {
    const code = withoutComments(`
      import a, { b } from './a.ts'; // import x from './no.ts'
      import type { C } from './c.ts';
      import { type D, type E } from './d.ts';
      import { type F, g } from './f.ts';
      import './effect.ts';
      export * from './star.ts';
      export {
        h,
        i,
      } from './many.ts';
      /* import j from './no.ts'; */
      const url = 'http://x'; const k = await import('./later.ts');
      const worker = new URL('./worker.ts', import.meta.url);
    `);
    const values = ['./a.ts', './f.ts', './effect.ts', './star.ts', './many.ts', './later.ts', './worker.ts'];
    const found = importsOf(code);
    expect(found.filter(({ typesOnly }) => !typesOnly).map(({ name }) => name)).toEqual(values);
    expect(found.filter(({ typesOnly }) => typesOnly).map(({ name }) => name)).toEqual(['./c.ts', './d.ts']);
  });

  test('found the library', () => {
    expect(sources.length).toBeGreaterThan(60);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
  });
});

describe('the library', () => {
  test('has a room for every file', () => {
    expect(sources.filter(({ path }) => !roomOf(path)).map(({ path }) => path)).toEqual([]);
  });

  test('lists its rooms lowest first', () => {
    rooms.forEach(({ name, knows }, index) => {
      const above = knows.filter((other) => rooms.findIndex((room) => room.name === other) >= index);
      expect(above, name).toEqual([]);
    });
  });

  test('imports files that exist, with their extension', () => {
    const missing = offenders(
      sources,
      (source, { name }) => isRelative(name) && !existsSync(join(root, target(source, name))),
    );
    expect(missing).toEqual([]);
  });

  test('imports downward only, from the rooms each room may know', () => {
    const wrong = offenders(sources, (source, { name, typesOnly }) => {
      if (!isRelative(name)) return false;
      const [from, to] = [roomOf(source.path), roomOf(target(source, name))];
      if (from === to || from === undefined) return false;
      if (to?.name === 'interface' && typesOnly) return from.name === 'values';
      return to === undefined || !from.knows.includes(to.name);
    });
    expect(wrong).toEqual([]);
  });

  test('has tasks that do not import each other', () => {
    const taskOf = (path: string): string | undefined => /\/tasks\/([^/]+)\//.exec(path)?.[1];
    const wrong = offenders(sources, (source, { name }) => {
      const [from, to] = [taskOf(source.path), taskOf(target(source, name))];
      return from !== undefined && to !== undefined && from !== to;
    });
    expect(wrong).toEqual([]);
  });

  test('has no files that import each other in a circle, types aside', () => {
    const next = new Map(
      sources.map((source) => [
        source.path,
        source.imports.filter(({ typesOnly }) => !typesOnly).map(({ name }) => target(source, name)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (way.includes(path) || done.has(path)) return;
      for (const other of next.get(path) ?? []) walk(other, [...way, path]);
      done.add(path);
    };
    for (const path of next.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });

  test('imports nothing but itself: nothing of Node, and a package in one file, where ARCHITECTURE gives the reason', () => {
    const packages: Readonly<Record<string, string>> = { fflate: 'io/zip.ts' };
    const wrong = offenders(
      sources,
      ({ path }, { name }) => !isRelative(name) && packages[name] !== relative(library, path),
    );
    expect(wrong).toEqual([]);
  });

  test('imports no file for an effect', () => {
    const effects = sources.filter(({ code }) => /^[ \t]*import\s+['"]/m.test(code));
    expect(effects.map(({ path }) => path)).toEqual([]);
  });

  test('waits for no device: only the check of ids reads numbers at once, where it can', () => {
    const reads = /\.(data|item|toArray|readSync)\(/;
    const reading = sources.filter(({ path, code }) => !/\/(tensor|backend)\//.test(path) && reads.test(code));
    expect(reading.map(({ path }) => relative(library, path))).toEqual(['ops/ids.ts']);
  });

  test('does not touch the page', () => {
    // `window` alone is a convolution's, and does not compile as the page's.
    const page = /(?<![.\w'"`-])(document|HTMLElement|HTMLCanvasElement|localStorage)\b(?!['"`:?])/;
    const wrong = sources.filter(({ code }) => page.test(code.replace(/'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, "''")));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

interface Package {
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const packageOf = (folder: string): Package => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
const exported = Object.keys(packageOf('packages/unrolled').exports ?? {}).map((key) => `unrolled${key.slice(1)}`);

/** What builds, draws, measures or tests the product may reach into it, but not into the library. */
const reaches: Readonly<Record<string, readonly string[]>> = {
  tools: ['packages/cli', 'packages/studio', 'bench', 'test'],
};

describe.each(['packages/cli', 'packages/studio', 'examples', 'bench', 'tools'])('%s', (folder) => {
  const files = read(`${folder}/**/*.{ts,svelte}`).filter((source) => !isTest(source));

  test("imports its own files, the library's public parts, what it depends on, and Node where it may", () => {
    const { dependencies = {}, devDependencies = {} } = existsSync(join(root, folder, 'package.json'))
      ? packageOf(folder)
      : {};
    /** How things are built: beside the sources of the page, and in tools. */
    const isBuild = (path: string): boolean => folder === 'tools' || dirname(path) === 'packages/studio';
    const forBuilding = { ...packageOf('.').devDependencies, ...devDependencies };
    /** The package of an import, such as `svelte` of `svelte/store`; how a page is built may take what is not in it. */
    const isKnown = (path: string, name: string): boolean => {
      const owner = /^(@[^/]+\/)?[^/]+/.exec(name)![0];
      return owner in dependencies || (isBuild(path) && owner in forBuilding);
    };
    const wrong = offenders(files, (source, { name }) => {
      if (isRelative(name)) {
        const inside = [folder, ...(reaches[folder] ?? [])];
        return !inside.some((other) => target(source, name).startsWith(`${other}/`));
      }
      if (name === 'unrolled' || name.startsWith('unrolled/')) return !exported.includes(name);
      if (name.startsWith('node:')) return folder === 'packages/studio' && !isBuild(source.path);
      return builtinModules.includes(name) || !isKnown(source.path, name);
    });
    expect(wrong).toEqual([]);
  });
});

/** The rooms of the command, lowest first: each imports from itself and from those before it. */
const commandRooms = [
  'output',
  'input',
  'cells',
  'options',
  'run',
  'tasks',
  'gradients',
  'hidden-units',
  'convnet',
  'see',
  'model-files',
  'lab',
  'search',
  'studio',
  'commands',
];

describe('the command', () => {
  const source = 'packages/cli/src';
  const files = read(`${source}/**/*.ts`).filter((file) => !isTest(file));
  /** Files outside of every room: values at the bottom, the program at the top. */
  const heights = new Map(commandRooms.map((room, i) => [room, i]));
  const flat: Readonly<Record<string, number>> = { 'failure.ts': -1, 'version.ts': -1, 'main.ts': commandRooms.length };
  const heightOf = (path: string): number | undefined => {
    const [first, ...rest] = relative(source, path).split('/');
    return rest.length === 0 ? flat[first] : heights.get(first);
  };

  test('has a room for every file', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(files.filter(({ path }) => heightOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  test('imports downward only', () => {
    const wrong = offenders(
      files,
      (file, { name }) => isRelative(name) && heightOf(target(file, name))! > heightOf(file.path)!,
    );
    expect(wrong).toEqual([]);
  });
});

test('what the library exports exists', () => {
  const targets = Object.values(packageOf('packages/unrolled').exports ?? {});
  expect(targets.filter((path) => !existsSync(join(root, 'packages/unrolled', path)))).toEqual([]);
});

test.each(Object.entries(derivedFiles()))('%s has every subpath of the library (npm run docs)', (file, expected) => {
  const content = JSON.parse(readFileSync(join(root, file), 'utf8'));
  expect(JSON.stringify(content)).toBe(JSON.stringify(expected));
});
