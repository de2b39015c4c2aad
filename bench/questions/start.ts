import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { builtLibrary } from '../built.ts';
import { bundleForPage } from '../bundle.ts';
import { threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { rounded, summarise } from '../timing.ts';

/** Run in a fresh process: imports the built library, opens a device, makes one small training step. */
const program = (dist: string, threads: number): string => `
  const begin = performance.now();
  const modules = ['index.js', 'tasks/language-model/index.js', 'train/index.js'];
  const parts = await Promise.all(modules.map((module) => import(${JSON.stringify(`${dist}/`)} + module)));
  const { openDevice, LanguageModel, languageModelTraining, tokenizerFor, train } = Object.assign({}, ...parts);
  const imported = performance.now();
  const device = await openDevice('wasm', { threads: ${threads} });
  const opened = performance.now();
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(100);
  const tokenizer = tokenizerFor('char', text);
  const config = { cell: 'lstm', hidden: 128, layers: 2, embedding: 128, dropout: 0 };
  const task = languageModelTraining(new LanguageModel(device, tokenizer, config, 1), tokenizer.encode(text), {
    batch: 8, steps: 32, seed: 1,
  });
  const options = { optimizer: { method: 'adam' }, learningRate: 1e-3, steps: 1, progressEvery: 1, validateEvery: 0 };
  let loss = NaN;
  for await (const event of train(task, { ...options, sampleEvery: 0 })) if (event.type === 'progress') loss = event.loss;
  const stepped = performance.now();
  console.log(JSON.stringify({ boot: begin, import: imported - begin, open: opened - imported, step: stepped - opened, loss }));
  process.exit();`;

interface Start {
  /** Of Node itself, from the start of the process. */
  readonly boot: number;
  readonly import: number;
  readonly open: number;
  readonly step: number;
  readonly loss: number;
}

function startOnce(dist: string, threads: number): Start & { total: number } {
  const source = program(pathToFileURL(dist).href, threads);
  const args = ['--input-type=module', '--eval', source];
  const start: Start = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  // Untrained, a model knows nothing: ln V nats, V being 28.
  if (!(Math.abs(start.loss - Math.log(28)) < 0.3)) throw new Error(`start: the first loss is ${start.loss}`);
  return { ...start, total: start.import + start.open + start.step };
}

export const start: Question = {
  name: 'start',
  asks: 'ms from nothing to the first training step in a fresh process, and KB of what a page with an LSTM model loads',
  async answer({ runs, rounds }) {
    const dist = builtLibrary();
    const starts: Record<number, ReturnType<typeof startOnce>[]> = {};
    for (let i = 0; i < Math.max(3, Math.ceil((runs * rounds) / 3)); i++) {
      for (const threads of threadCounts()) {
        starts[threads] ??= [];
        starts[threads].push(startOnce(dist, threads));
      }
    }
    const rows: Row[] = Object.entries(starts).map(([threads, all]) => {
      const median = (part: keyof Start | 'total') => rounded(summarise(all.map((one) => one[part])).median);
      return {
        what: `a process, ${threadsName(Number(threads))}`,
        'ms import': median('import'),
        'ms openDevice': median('open'),
        'ms first step': median('step'),
        'ms in all': median('total'),
        "ms of Node's own": median('boot'),
      };
    });
    const bundle = await bundleForPage(dist);
    if (bundle === null) return { rows, notes: ['Size of a page: skipped, rolldown is not installed (npm ci).'] };
    for (const { part, bytes, gzip } of bundle) {
      rows.push({ what: part, KB: rounded(bytes / 1000), 'KB, gzip': rounded(gzip / 1000) });
    }
    return {
      rows,
      notes: ['The step is of a 2×LSTM-128, B 8, T 32, its model included. 1 KB is 1000 bytes; minified by rolldown.'],
    };
  },
};
