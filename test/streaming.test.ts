import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const megabyte = 2 ** 20;
const fileBytes = 4 * megabyte;
const files = 512;

const folder = mkdtempSync(join(tmpdir(), 'unrolled-streaming-'));
const program = fileURLToPath(new URL('streaming/train.ts', import.meta.url));

/** 2 GB in files that end in a hole, so that they take little of the disk. */
beforeAll(() => {
  const list = Array.from({ length: files }, (_, i) => {
    const name = `recording-${i}.f32`;
    const start = Float32Array.from({ length: 1024 }, (_, k) => Math.sin(i + 0.1 * k));
    const file = openSync(join(folder, name), 'w');
    writeSync(file, new Uint8Array(start.buffer));
    ftruncateSync(file, fileBytes);
    closeSync(file);
    return { name, sha256: createHash('sha256').update(start).digest('hex'), level: Math.sin(i) };
  });
  writeFileSync(join(folder, 'files.json'), JSON.stringify({ samples: fileBytes / 4, files: list }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly epoch: number;
  readonly peakBytes: number;
  readonly checkpoint: Buffer;
}

function trainOn(steps: number, from?: string): Result & { readonly path: string } {
  const path = join(folder, `after-${steps}${from ? '-resumed' : ''}.safetensors`);
  const args = ['--max-old-space-size=64', program, folder, String(steps), path, ...(from ? [from] : [])];
  const { epoch, peakBytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  return { epoch, peakBytes, path, checkpoint: readFileSync(path) };
}

describe('a data set of 2 GB in files', () => {
  test('trains in a small part of that memory, and resumes to the same bits', () => {
    const steps = files / 4;
    const whole = trainOn(steps);
    expect(whole.epoch).toBe(1);
    expect(whole.peakBytes).toBeLessThan((files * fileBytes) / 4);
    const part = trainOn(steps / 2 - 1);
    expect(part.checkpoint.equals(whole.checkpoint)).toBe(false);
    const resumed = trainOn(steps, part.path);
    expect(resumed.checkpoint.equals(whole.checkpoint)).toBe(true);
  }, 300_000);
});
