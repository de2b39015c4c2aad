import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readTextFiles } from '../input/text-files.ts';
import { RunFolder } from '../run/folder.ts';
import { startRun } from '../run/training.ts';
import { languageModel } from '../tasks/language-model/trainable.ts';

/** Small batches and a high learning rate: many updates, so that samples improve within a minute on two cores. */
const settings = {
  hidden: 192,
  embedding: 64,
  dropout: 0,
  weightDecay: 0,
  batch: 16,
  lr: 8e-3,
  seconds: 75,
  sampleEvery: 150,
  validateEvery: 300,
};

export function demoCommand(): Command {
  return new Command('demo').description('train on the source code of Unrolled for a minute').action(async () => {
    const folder = new RunFolder(join('runs', 'demo'));
    folder.remove();
    process.stdout.write(
      'A two-layer GRU learns to write source code, character by character, from that of Unrolled itself.\n' +
        'Watch its samples go from noise to words to something like TypeScript. Press Ctrl-C to stop.\n\n',
    );
    process.exitCode = await startRun(languageModel, readOwnSources(), folder, settings);
    if (process.exitCode === 0) process.stdout.write(nextSteps(folder.path));
  });
}

/** In the repository its TypeScript, in an installed package its JavaScript. */
function readOwnSources(): ReturnType<typeof readTextFiles> {
  const below = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const repository = below('../../../..');
  if (existsSync(join(repository, 'packages', 'kernels', 'assembly'))) {
    const folders = ['packages', 'examples', 'test', 'bench'].map((name) => join(repository, name));
    return readTextFiles(folders, { keep: (path) => path.endsWith('.ts') && !path.includes('generated') });
  }
  return readTextFiles([below('../..')], { keep: (path) => path.endsWith('.js') && !path.includes('generated') });
}

const nextSteps = (run: string): string => `
What to do next:
  npx unrolled sample ${run} --prompt "export function " --temperature 0.6
  npx unrolled train your-text.txt         a novel, your notes, a folder of code
  npx unrolled train --help                cells, sizes, optimizers
`;
