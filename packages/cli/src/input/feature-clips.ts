import { existsSync, readFileSync, statSync } from 'node:fs';
import { Failure, naming } from '../failure.ts';
import { countOf, formatCount } from '../output/units.ts';
import { parseCsv } from './csv.ts';
import { readTextFiles } from './text-files.ts';

/** A clip whose frames are rows of numbers. */
export interface FeatureClip {
  /** As the file names it, or its number. */
  readonly name: string;
  /** Where it stands: `poses.csv: line 4`. */
  readonly place: string;
  readonly features: readonly ArrayLike<number>[];
  /** What happens in it, or at each of its frames; null: the file does not say. */
  readonly labels: string | readonly string[] | null;
  /** What is said of it, or of parts of it. Missing: nothing. */
  readonly sentences?: readonly ClipSentence[] | undefined;
}

/** A sentence about a clip, or about a part of it, in frames. */
export interface ClipSentence {
  readonly caption: string;
  /** Null: it is about the whole clip. */
  readonly part: { readonly start: number; readonly end: number } | null;
}

/** The most frames of all clips in a file, and of one clip. */
const most = { frames: 10_000_000, clipFrames: 10_000, bytes: 2 ** 31 };

/** Whether a file's name is that of rows of numbers. */
export const isFeatureFile = (path: string): boolean => /\.(csv|tsv|json|jsonl|f32)(\.gz)?$/i.test(path);

/**
 * The clips of a file: CSV with a row for each frame (columns `clip` and `label` where it has several); JSON `{ "features", "label" }`
 * or `{ "features", "labels" }`, a list of them, or one a line; raw float32 with JSON of the same name that has the number of
 * `frames` of each clip, and their `labels`.
 * @throws Failure naming the file, and the line or clip that is wrong
 */
export async function readFeatureClips(path: string): Promise<FeatureClip[]> {
  const raw = rawPair(path);
  const clips = raw ? rawClips(raw) : await textClips(path);
  if (clips.length === 0) throw new Failure(`${path}: there are no clips in it`);
  for (const clip of clips) requireRows(clip);
  const frames = clips.reduce((sum, { features }) => sum + features.length, 0);
  if (frames > most.frames)
    throw new Failure(`${path}: it has ${formatCount(frames)} frames; at most ${formatCount(most.frames)} are read`);
  return clips;
}

/** Raw numbers and the JSON beside them, whichever of both was named. */
function rawPair(path: string): { readonly numbers: string; readonly about: string } | null {
  if (/\.f32$/i.test(path)) {
    const about = path.replace(/\.f32$/i, '.json');
    if (!existsSync(about))
      throw new Failure(
        `${path}: there is no ${about} beside it, with { "frames": [length of each clip], "labels": […] }`,
      );
    return { numbers: path, about };
  }
  const numbers = path.replace(/\.json$/i, '.f32');
  return /\.json$/i.test(path) && existsSync(numbers) ? { numbers, about: path } : null;
}

/** The file that raw numbers need beside them; null for other files. */
export const besideOf = (path: string): string | null => {
  const pair = rawPair(path);
  return pair ? (pair.numbers === path ? pair.about : pair.numbers) : null;
};

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one) && one >= 0);

function rawClips({ numbers, about }: { readonly numbers: string; readonly about: string }): FeatureClip[] {
  const { frames, labels, names } = parsed(readTextFiles([about]).texts[0], about) as Readonly<Record<string, unknown>>;
  if (!isCounts(frames)) throw new Failure(`${about}: 'frames' must be a list with the number of frames of each clip`);
  const total = frames.reduce((sum, T) => sum + T, 0);
  const { size } = naming(numbers, () => statSync(numbers));
  if (size > most.bytes)
    throw new Failure(`${numbers}: it has ${formatCount(size)} bytes; at most ${formatCount(most.bytes)} are read`);
  const F = size / 4 / total;
  if (!Number.isInteger(F) || F === 0) {
    throw new Failure(
      `${numbers}: ${countOf(size, 'byte')} are not a whole number of float32 for each of the ${countOf(total, 'frame')} in ${about}; ` +
        'it is cut off, or of other clips',
    );
  }
  const bytes = naming(numbers, () => readFileSync(numbers));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float32Array.from({ length: size / 4 }, (_, i) => view.getFloat32(4 * i, true));
  const perClip = labels === undefined ? null : labelsOf(labels, frames, about);
  let frame = 0;
  return frames.map((T, i) => {
    const rows = Array.from({ length: T }, (_, t) => values.subarray((frame + t) * F, (frame + t + 1) * F));
    frame += T;
    const name = Array.isArray(names) && typeof names[i] === 'string' ? names[i] : String(i + 1);
    return { name, place: `${numbers}: clip ${i + 1}`, features: rows, labels: perClip?.[i] ?? null };
  });
}

/** A label for each clip, a list of labels for each clip, or a label for each frame of all clips. */
function labelsOf(labels: unknown, frames: readonly number[], name: string): (string | readonly string[])[] {
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (Array.isArray(labels)) {
    if (labels.length === frames.length && labels.every(isText)) return labels;
    if (labels.length === frames.length && labels.every((one) => Array.isArray(one) && one.every(isText)))
      return labels;
    const total = frames.reduce((sum, T) => sum + T, 0);
    if (labels.length === total && labels.every(isText)) {
      const ends = frames.map((_, i) => frames.slice(0, i + 1).reduce((sum, T) => sum + T, 0));
      return frames.map((T, i) => labels.slice(ends[i] - T, ends[i]));
    }
  }
  throw new Failure(
    `${name}: 'labels' must be a list of texts, one for each of the ${countOf(frames.length, 'clip')}, or one for each frame`,
  );
}

async function textClips(path: string): Promise<FeatureClip[]> {
  const [text] = readTextFiles([path]).texts;
  if (/\.(csv|tsv)(\.gz)?$/i.test(path)) return tableClips(text, path);
  if (/\.jsonl(\.gz)?$/i.test(path)) {
    return text.split(/\r?\n/).flatMap((line, i) => {
      const place = `${path}: line ${i + 1}`;
      return line.trim() === '' ? [] : [jsonClip(parsed(line, place), String(i + 1), place)];
    });
  }
  const value = parsed(text, path);
  if (Array.isArray(value)) return value.map((one, i) => jsonClip(one, String(i + 1), `${path}: clip ${i + 1}`));
  return [jsonClip(value, '1', path)];
}

function jsonClip(value: unknown, name: string, place: string): FeatureClip {
  const { features, label, labels, clip } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const rows = Array.isArray(value) && value.length > 0 && value.every(Array.isArray) ? value : features;
  if (!Array.isArray(rows) || !rows.every(Array.isArray)) {
    throw new Failure(`${place}: it must be { "features": [[numbers of a frame], …], "label": text }`);
  }
  const said = label ?? labels ?? null;
  const isLabels =
    said === null || typeof said === 'string' || (Array.isArray(said) && said.every((one) => typeof one === 'string'));
  if (!isLabels) throw new Failure(`${place}: 'label' must be a text, or 'labels' a list of texts, one for each frame`);
  const sentences = sentencesOf(value as object, place);
  return {
    ...{ name: typeof clip === 'string' ? clip : name, place, features: rows, labels: said as FeatureClip['labels'] },
    ...(sentences && { sentences }),
  };
}

/** `"caption": text`, `"captions": texts`, or `"events": [{ "caption", "start", "end" }, …]`; null: nothing is said. */
function sentencesOf(value: object, place: string): ClipSentence[] | null {
  const { caption, captions, events } = value as Readonly<Record<string, unknown>>;
  const isText = (one: unknown): one is string => typeof one === 'string' && one.trim() !== '';
  const whole = captions ?? (caption === undefined ? undefined : [caption]);
  if (whole !== undefined) {
    if (Array.isArray(whole) && whole.length > 0 && whole.every(isText))
      return whole.map((one) => ({ caption: one, part: null }));
    throw new Failure(`${place}: 'caption' must be a text, or 'captions' a list of texts`);
  }
  if (events === undefined) return null;
  const isEvent = (one: unknown): one is { caption: string; start: number; end: number } => {
    const { caption: said, start, end } = (one ?? {}) as Readonly<Record<string, unknown>>;
    return isText(said) && Number.isInteger(start) && Number.isInteger(end) && 0 <= Number(start) && start! < end!;
  };
  if (Array.isArray(events) && events.every(isEvent))
    return events.map(({ caption: said, start, end }) => ({ caption: said, part: { start, end } }));
  throw new Failure(
    `${place}: 'events' must be a list of { "caption": text, "start": first frame, "end": after the last one }`,
  );
}

async function tableClips(text: string, path: string): Promise<FeatureClip[]> {
  requireFewLines(text, path);
  const { columns, rows } = await parseCsv(text, path);
  const names = columns.map((column) => column.toLowerCase());
  const [clip, label] = [names.indexOf('clip'), names.indexOf('label')];
  const numbers = names.flatMap((name, i) => (['clip', 'label', 'frame', 'time'].includes(name) ? [] : [i]));
  if (numbers.length === 0)
    throw new Failure(`${path}: there is no column of features beside clip, label, frame and time`);
  const found = new Map<string, { line: number; rows: Float32Array[]; labels: string[] }>();
  for (const { line, fields } of rows) {
    const name = clip < 0 ? '1' : fields[clip].trim();
    const own = found.get(name) ?? { line, rows: [], labels: [] };
    found.set(name, own);
    own.rows.push(
      Float32Array.from(numbers, (i) => {
        const value = fields[i].trim() === '' ? Number.NaN : Number(fields[i]);
        if (Number.isFinite(value)) return value;
        throw new Failure(
          `${path}: line ${line}: '${fields[i].slice(0, 40)}' in column '${columns[i].slice(0, 40)}' is no number`,
        );
      }),
    );
    if (label >= 0) own.labels.push(fields[label].trim());
  }
  return [...found].map(([name, { line, rows: features, labels }]) => ({
    ...{ name, place: `${path}: line ${line}`, features },
    labels: label < 0 ? null : new Set(labels).size === 1 ? labels[0] : labels,
  }));
}

/** Before anything is made of them. @throws Failure if a table of one clip, or of all, has too many lines */
function requireFewLines(text: string, path: string): void {
  const head = /^[^\n]*/.exec(text)![0];
  const limit = /(^|[,;\t"])clip([,;\t"\r]|$)/i.test(head) ? most.frames : most.clipFrames;
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  if (lines <= limit + 1) return;
  const whose = limit === most.frames ? 'its clips have' : 'the clip has';
  throw new Failure(
    `${path}: ${whose} ${formatCount(lines - 1)} frames; at most ${formatCount(limit)} are read: cut it`,
  );
}

function requireRows({ features, place, labels }: FeatureClip): void {
  if (features.length === 0) throw new Failure(`${place}: the clip has no frames`);
  if (features.length > most.clipFrames) {
    throw new Failure(
      `${place}: the clip has ${formatCount(features.length)} frames; at most ${formatCount(most.clipFrames)} are read: cut it`,
    );
  }
  const F = features[0].length;
  for (const [t, row] of features.entries()) {
    if (row.length !== F || F === 0)
      throw new Failure(
        `${place}: frame ${t + 1} has ${row.length} numbers, the first frame ${F}; give equally many, from 1`,
      );
    for (let f = 0; f < F; f++) {
      if (!Number.isFinite(row[f])) throw new Failure(`${place}: number ${f + 1} of frame ${t + 1} is not finite`);
    }
  }
  if (Array.isArray(labels) && labels.length !== features.length) {
    throw new Failure(
      `${place}: ${countOf(labels.length, 'label')} for ${countOf(features.length, 'frame')}; give one for each`,
    );
  }
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure(`${place}: it is not JSON`, 1, { cause });
  }
}
