import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from 'unrolled';
import { decodeIdx, type IdxArray } from 'unrolled/data';
import { type DigitSet, type ProblemData, parsePieces } from 'unrolled/tasks/long-memory';
import { Failure, naming } from '../failure.ts';
import { unpacked } from '../input/gzip.ts';

/** The most bytes a compressed file may decompress to. */
const maximumBytes = 2 ** 30;

/**
 * Reads the data a task needs.
 * @throws Failure naming the file and what is wrong with it
 */
export function readLabData(
  task: string,
  kind: keyof ProblemData | null,
  path: string | undefined,
): { data: ProblemData; label: string | null } {
  if (kind === null) return { data: {}, label: null };
  if (path === undefined) {
    const what = kind === 'digits' ? 'a folder of IDX files' : 'a JSON file of pieces';
    throw new Failure(`lab: ${task} needs --data, ${what}`, 2);
  }
  if (kind === 'music') return { data: { music: naming(path, () => parsePieces(readJson(path))) }, label: null };
  const digits = { train: readDigits(path, 'train', /^train/), test: readDigits(path, 'test', /^(t10k|test)/) };
  return { data: { digits }, label: `${shortCount(digits.train.labels.data.length)}-train` };
}

function readDigits(folder: string, which: string, prefix: RegExp): DigitSet {
  const names = naming(folder, () => readdirSync(folder)).filter((name) => prefix.test(name));
  const read = (what: string): IdxArray => {
    const fitting = names.filter((name) => new RegExp(`${what}.idx\\d-ubyte(\\.gz)?$`).test(name));
    if (fitting.length !== 1) {
      const found = fitting.length === 0 ? 'no file' : fitting.join(' and ');
      throw new Failure(
        `${folder}: ${found} with the ${what} to ${which}; one is needed, such as ${which}-${what}-idx3-ubyte.gz`,
      );
    }
    const path = join(folder, fitting[0]);
    return naming(path, () => decodeIdx(unpacked(readFileSync(path), maximumBytes)));
  };
  return { images: read('images'), labels: read('labels') };
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('it is not JSON', {}, { cause });
  }
}

/** 10000 → `10k`. */
function shortCount(n: number): string {
  return n >= 1000 && n % 1000 === 0 ? `${n / 1000}k` : String(n);
}
