import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.ts';

/** A TypeScript example of the documentation, as a program. */
export interface Example {
  /** The page and which of its examples it is, such as `docs-tag-1`. */
  readonly name: string;
  readonly program: string;
  /** Whether it uses Node's modules. */
  readonly nodeOnly: boolean;
}

/** What examples of a page take as given: a text, a model. */
const given: Readonly<Record<string, string>> = {
  'docs/caption.md': `
    const video = { width: 16, height: 16, data: new Uint8ClampedArray(1024) };
    const untrained = new Captioner(await openDevice('wasm', { threads: 1 }), {
      config: { cell: 'lstm', hidden: 8, layers: 1, embedding: 4, dropout: 0 },
      backbone: {
        config: new Sequential([new Conv2d({ channels: 4, kernel: 5, stride: 4, padding: 1 })]).config,
        preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      },
      vocabulary: captionVocabulary(['a red square'], { minCount: 1 }),
    });
    const bytes = encodeModel(await storeModel(untrained));`,
  'docs/vqa.md': `
    const video = { width: 16, height: 16, data: new Uint8ClampedArray(1024) };
    const untrained = new Answerer(await openDevice('wasm', { threads: 1 }), {
      config: { cell: 'lstm', hidden: 8, layers: 1, embedding: 4, dropout: 0 },
      backbone: {
        config: new Sequential([new Conv2d({ channels: 4, kernel: 5, stride: 4, padding: 1 })]).config,
        preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      },
      vocabulary: questionVocabulary([
        { question: 'is it red', answers: ['yes'] },
        { question: 'what color is it', answers: ['red'] },
      ]),
    });
    const bytes = encodeModel(await storeModel(untrained));`,
  'docs/dialogue.md': `
    const image = { width: 16, height: 16, channels: 3, data: new Uint8Array(768) } as const;
    const said = [{ question: 'is there a red circle?', answer: 'yes' }];
    const config = { cell: 'lstm', hidden: 8, layers: 1, embedding: 4, dropout: 0 } as const;
    const one = await openDevice('wasm', { threads: 1 });
    const dots = [{ x: 0, y: 0.5, size: 1, colour: -1 }, { x: 0.3, y: -0.5, size: 0, colour: 1 }];
    const game = { dots, utterances: [{ speaker: 'you', text: 'the dark one' } as const] };
    const agentModel = new DialogueAgent(one, { ...dialogueKnowledge([{ caption: '', turns: said }]), config });
    const selectorModel = new TargetSelector(one, gameVocabulary([game], 1), config);
    const bytes = encodeModel(await storeModel(agentModel));
    const file = encodeModel(await storeModel(selectorModel));`,
  'docs/classify-images.md': `
    const device = await openDevice('wasm', { threads: 1 });
    const video = { width: 16, height: 16, data: new Uint8ClampedArray(1024) };
    const preprocessing = { size: 28, mean: [0.5], std: [0.5] };
    const config = { network: networkConfig('lenet', { classes: 2 }) };
    const untrained = new ImageClassifier(device, { config, labels: ['roses', 'tulips'], preprocessing });
    const stored = encodeModel(await storeModel(untrained));
    const fetch = async (_: string): Promise<Response> => new Response(stored);`,
  'docs/video.md': `
    const device = await openDevice('wasm', { threads: 1 });
    const video = { width: 16, height: 16, data: new Uint8ClampedArray(1024) };
    const input = { kind: 'frames', network: frameNetwork({ features: 8, channels: 2 }), preprocessing: { size: 16, mean: [0.5], std: [0.5] } } as const;
    const config = { cell: 'gru', hidden: 4, layers: 1, dropout: 0, input };
    const untrained = new VideoClassifier(device, { config, labels: ['wave', 'clap'] });
    const stored = encodeModel(await storeModel(untrained));
    const fetch = async (_: string): Promise<Response> => new Response(stored);`,
  'docs/draw.md': `
    const untrained = new DrawModel(await openDevice('wasm', { threads: 1 }), { height: 8, width: 8, glimpses: 2, hidden: 4, latent: 2 });
    const bytes = encodeModel(await storeModel(untrained));
    const [three, eight] = [3, 8].map((i) => ({ width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill(20 * i) }) as const);`,
  'docs/glimpses.md': `
    const config = { height: 8, width: 8, reader: 'reinforce', glimpses: 2, patch: 3, scales: 1, hidden: 4 } as const;
    const untrained = new GlimpseModel(await openDevice('wasm', { threads: 1 }), { config, labels: ['1', '7'] });
    const bytes = encodeModel(await storeModel(untrained));
    const image = { width: 8, height: 8, channels: 1, data: new Uint8Array(64) } as const;`,
  'docs/looking.md': `
    const image = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600) } as const;
    const preprocessing = { size: 224, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    const config = networkConfig('mobilenet-v2', { classes: 300, width: 0.35 });
    const untrained = new ImageNetwork(await openDevice('wasm', { threads: 1 }), { config, preprocessing, labels: null }, 1);
    const file = await imageNetworkFile(untrained);`,
  'docs/navigate.md': `
    const map = makeRooms({ seed: 1, columns: 2, rows: 1 });
    const routes = makeRoutes(new World(map), { seed: 1, count: 5, parts: 1 });
    const sizes = { cell: 'lstm', hidden: 8, layers: 1, embedding: 4, senses: 4, dropout: 0 } as const;
    const untrained = new Navigator(await openDevice('wasm', { threads: 1 }), knowledgeOf([map], routes), sizes);
    const bytes = encodeModel(await storeModel(untrained));`,
  'docs/forecast.md': 'const history = Array.from({ length: 24 }, (_, t) => 10 + (t % 12));',
  'docs/gradients.md': `
    const device = await openDevice('wasm', { threads: 1 });
    const recurrent = new Recurrent({ cell: 'lstm', hidden: 6 });
    initialiseParameters(recurrent, [-1, -1, 3], device, 1);
    const xs = device.ones([12, 2, 3]);
    const lossesOf = (outputs: Tensor): Tensor => outputs.square().sum({ axes: -1 });`,
  'docs/images.md': `
    const device = await openDevice('wasm', { threads: 1 });
    const image = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600) } as const;`,
  'docs/transformers.md': `
    const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    const pair = (name: string, ...shape: number[]) => ({ [name + '.weight']: zeros(...shape), [name + '.bias']: zeros(shape.at(-1)!) });
    const tensors = {
      ...{ 'wte.weight': zeros(257, 4), 'wpe.weight': zeros(8, 4), ...pair('h.0.ln_1', 4), ...pair('h.0.ln_2', 4), ...pair('ln_f', 4) },
      ...{ ...pair('h.0.attn.c_attn', 4, 12), ...pair('h.0.attn.c_proj', 4, 4), ...pair('h.0.mlp.c_fc', 4, 16), ...pair('h.0.mlp.c_proj', 16, 4) },
    };
    const config = { model_type: 'gpt2', n_layer: 1, n_head: 2, n_embd: 4, vocab_size: 257, n_positions: 8 };
    const published: Record<string, BodyInit> = {
      'gpt2/config.json': JSON.stringify(config),
      'gpt2/model.safetensors': encodeSafetensors({ tensors, metadata: {} }),
      'gpt2/vocab.json': JSON.stringify(Object.fromEntries([...byteAlphabet, '<|endoftext|>'].map((token, id) => [token, id]))),
      'gpt2/merges.txt': '#version: 0.2',
    };
    const fetch = async (address: string): Promise<Response> => new Response(published[address]);`,
  'docs/reading-units.md': `
    const text = 'and he said "sea shells" to her, by the "sea" shore. '.repeat(60);
    const device = await openDevice('wasm', { threads: 1 });
    const model = new LanguageModel(device, tokenizerFor('char', text), { cell: 'lstm', hidden: 8, layers: 2, embedding: 4, dropout: 0 });
    const [early, late] = await Promise.all(
      [0, 1].map(async () => (await findUnits(model, model.tokenizer.encode(text), [parseProperty('quotes')]))[0]),
    );`,
};

/** Where an example reads a model: the file of which task it is. */
const taskOf: Readonly<Record<string, string>> = {
  'docs/classify.md': 'classify',
  'docs/forecast.md': 'forecast',
  'docs/in-a-page.md': 'classify',
  'docs/tag.md': 'tag',
  'docs/translate.md': 'translate',
};

/** Examples that follow another one on their page, and are run after it, in one program. */
const joined: readonly string[] = ['training-loop', 'layers', 'convolutions', 'keras', 'coming-from-pytorch'].map(
  (name) => `docs/${name}.md`,
);

/** Every TypeScript example of README and docs, `{{model}}` standing for the address of a model of its task. */
export function documentedExamples(): Example[] {
  const pages = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()];
  return pages.flatMap((page) => {
    const blocks = Array.from(readFileSync(join(root, page), 'utf8').matchAll(/```ts\n(.*?)```/gs), ([, code]) => code);
    const programs = joined.includes(page) && blocks.length > 0 ? [blocks.join('\n')] : blocks;
    return programs.map((code, i) => ({
      name: `${page.replace(/\.md$/, '').replaceAll('/', '-')}-${i + 1}`,
      program: complete(page, code),
      nodeOnly: code.includes("'node:"),
    }));
  });
}

function complete(page: string, code: string): string {
  const before = given[page] ?? '';
  const task = taskOf[page];
  const file = `new Uint8Array(await (await globalThis.fetch('{{model:${task}}}')).arrayBuffer())`;
  const model =
    task === undefined
      ? ''
      : `const bytes = ${file};\nconst fetch = async (_: string): Promise<Response> => new Response(bytes);\n`;
  const files = code.replace(/readFileSync\('[^']*'\)/, 'bytes');
  return `${imports(code, before)}${model}${before}\n${use(files)}`;
}

/** A default export is a cell, as the command reads it from a file; a server is asked once. */
function use(code: string): string {
  if (code.includes('.listen(8080);')) {
    return code.replace(
      '.listen(8080);',
      `.listen(0, '127.0.0.1', async function (this: import('node:net').Server) {
        const { port } = this.address() as import('node:net').AddressInfo;
        const answer = await globalThis.fetch(\`http://127.0.0.1:\${port}\`, { method: 'POST', body: 'sea' });
        console.log(await answer.text());
        process.exit();
      });`,
    );
  }
  if (!code.includes('export default defineCell(')) return code;
  return `${code.replace('export default defineCell(', 'const cell = defineCell(')}
    const device = await openDevice('wasm', { threads: 1 });
    const layer = new Recurrent({ cell, hidden: 5, layers: 2 });
    const parameters = initialiseParameters(layer, [-1, -1, 3], device, 1);
    parameters.backward(layer.run(device.ones([4, 2, 3]), inference).outputs.square().mean());
    console.log(JSON.stringify(parameters.names), parameters.gradient(parameters.names[0]).shape);`;
}

/** Names of the library that a page's examples use without importing them, because the page has done so above. */
const known: Readonly<Record<string, readonly string[]>> = {
  unrolled: ['openDevice', 'Random', 'type Tensor'],
  'unrolled/images': ['imageOf'],
  'unrolled/nn': ['Conv2d', 'inference', 'initialiseParameters', 'Recurrent', 'Sequential'],
  'unrolled/inspect': ['parseProperty'],
  'unrolled/io': ['encodeSafetensors'],
  'unrolled/tokenizers': ['byteAlphabet'],
  'unrolled/tasks/caption': ['Captioner', 'captionVocabulary'],
  'unrolled/tasks/vqa': ['Answerer', 'questionVocabulary'],
  'unrolled/tasks/classify': ['Classifier'],
  'unrolled/tasks/classify-images': ['ImageClassifier'],
  'unrolled/tasks/dialogue': ['answerQuestions', 'DialogueAgent', 'dialogueKnowledge'],
  'unrolled/tasks/draw': ['DrawModel', 'drawings', 'drawnImage'],
  'unrolled/tasks/forecast': ['Forecaster'],
  'unrolled/tasks/glimpse': ['GlimpseModel', 'readImages'],
  'unrolled/tasks/language-model': ['findUnits', 'LanguageModel', 'tokenizerFor'],
  'unrolled/tasks/navigate': ['knowledgeOf', 'makeRooms', 'makeRoutes', 'Navigator', 'navigate', 'World'],
  'unrolled/tasks/tag': ['Tagger'],
  'unrolled/tasks/target-selection': ['gameVocabulary', 'selectTargets', 'TargetSelector'],
  'unrolled/tasks/translate': ['Translator'],
  'unrolled/tasks/video': ['frameNetwork', 'VideoClassifier'],
  'unrolled/train': ['encodeModel', 'storeModel'],
  'unrolled/vision': ['ImageNetwork', 'imageNetworkFile', 'networkConfig'],
};

function imports(code: string, before: string): string {
  const imported = Array.from(code.matchAll(/^import \{([^}]*)\}/gms), ([, names]) => names).join(',');
  const used = before + use(code);
  const missing = (name: string): boolean => {
    const word = new RegExp(`\\b${name.replace('type ', '')}\\b`);
    return word.test(used) && !word.test(imported);
  };
  return Object.entries(known)
    .map(([module, names]) => [module, names.filter(missing)] as const)
    .filter(([, names]) => names.length > 0)
    .map(([module, names]) => `import { ${names.join(', ')} } from '${module}';\n`)
    .join('');
}
