import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { LanguageModel, languageModelTraining, tokenizerFor } from 'unrolled/tasks/language-model';
import { encodeCheckpoint, train } from 'unrolled/train';
import { describe, expect, test } from 'vitest';

const python = ['python3', '/usr/bin/python3'].find((candidate) => {
  try {
    execFileSync(candidate, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
if (!python) console.log('checkpoints in PyTorch skipped: no python3 with torch (Debian: python3-torch)');

describe.skipIf(!python)('a checkpoint opens in PyTorch by its plain names', () => {
  test.each(['lstm', 'gru', 'rnn'])('%s: the same logits from torch.nn', async (cell) => {
    const text = 'to be, or not to be: that is the question. '.repeat(8);
    const device = await openDevice('wasm', { threads: 1 });
    const tokenizer = tokenizerFor('char', text);
    const model = new LanguageModel(device, tokenizer, { cell, hidden: 12, layers: 2, embedding: 7, dropout: 0 });
    const task = languageModelTraining(model, tokenizer.encode(text), { batch: 2, steps: 9, seed: 1 });
    const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, steps: 5, sampleEvery: 0 } as const;
    const folder = mkdtempSync(join(tmpdir(), 'unrolled-checkpoint-'));
    try {
      const file = join(folder, 'latest.safetensors');
      for await (const event of train(task, options)) {
        if (event.type === 'checkpoint') writeFileSync(file, encodeCheckpoint(event.checkpoint));
      }
      const ids = [...tokenizer.encode('to be, or')];
      const script = fileURLToPath(new URL('checkpoint_in_pytorch.py', import.meta.url));
      const torch = JSON.parse(execFileSync(python!, [script, file, ids.join(',')], { encoding: 'utf8' }));
      const ours = model.apply(device.ids(ids, [ids.length, 1])).logits.data();
      expect(torch.shape).toEqual([ids.length, tokenizer.size]);
      ours.forEach((logit: number, i: number) => {
        expect(Math.abs(logit - torch.data[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(logit)));
      });
    } finally {
      rmSync(folder, { recursive: true });
      device.close();
    }
  });
});
