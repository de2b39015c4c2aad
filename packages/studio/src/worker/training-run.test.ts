import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import type { RunSpec, WorkerEvent } from '../protocol.ts';
import { TrainingRun } from './training-run.ts';

const device = await openDevice('reference');
afterAll(() => device.close());
const text = 'hello, hollow world; '.repeat(6);
const tokenizer = tokenizerFor('char', text);
const spec: RunSpec = {
  ...{ cell: 'rnn', hidden: 4, layers: 1, embedding: 3, dropout: 0, batch: 2, seq: 5, seed: 1, steps: 3 },
  ...{ optimizer: 'adam', lr: 0.01, schedule: 'constant', clipNorm: 1 },
};

function newRun(): { run: TrainingRun; states: () => string[] } {
  const model = new LanguageModel(device, tokenizer, { cell: 'rnn', hidden: 4, layers: 1, embedding: 3, dropout: 0 });
  const told: WorkerEvent[] = [];
  const run = new TrainingRun(model, tokenizer.encode(text), spec, {}, (event) => told.push(event));
  return { run, states: () => told.flatMap((event) => (event.type === 'state' ? [event.state] : [])) };
}

test('a run that is started before its first sample is there says that it is running', async () => {
  const { run, states } = newRun();
  const led = run.lead();
  run.run();
  await led;
  expect(states()).toEqual(['running', 'finished']);
});

test('a run that waits says that it is paused, and then that it is running, each once', async () => {
  const { run, states } = newRun();
  const led = run.lead();
  await expect.poll(states).toEqual(['paused']);
  run.stepOnce();
  await expect.poll(states).toEqual(['paused', 'running', 'paused']);
  run.run();
  await led;
  expect(states()).toEqual(['paused', 'running', 'paused', 'running', 'finished']);
});
