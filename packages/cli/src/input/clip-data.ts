import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Failure, naming } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { parseCsv } from './csv.ts';
import { type ClipSentence, type FeatureClip, isFeatureFile, readFeatureClips } from './feature-clips.ts';
import { isImageFile } from './image-data.ts';
import { readTextFiles } from './text-files.ts';
import { frameNames, isFilm } from './video-frames.ts';

/** A part of a clip with a label, in frames. */
export interface LabelledPart {
  readonly label: string;
  readonly start: number;
  /** After its last frame. */
  readonly end: number;
}

/** A video that was found: its frames are in a file or folder, or its features are read. */
export interface FoundClip {
  /** Without the folder they are all in, so that it may be moved. */
  readonly name: string;
  readonly place: string;
  readonly source: { readonly path: string } | Pick<FeatureClip, 'features'>;
  /** Its label, that of each frame, or parts with a label; null: none is known. */
  readonly labels: string | readonly string[] | { readonly parts: readonly LabelledPart[] } | null;
  /** What is said of it. Missing: nothing. */
  readonly sentences?: readonly ClipSentence[] | undefined;
}

/** Videos to learn from. */
export interface ClipData {
  readonly train: readonly FoundClip[];
  /** Those that the data keep apart, in a folder `test`, `val`, …, and that folder; null: none. */
  readonly apart: { readonly name: string; readonly clips: readonly FoundClip[] } | null;
}

const apartFolders: readonly string[] = ['test', 'val', 'valid', 'validation'];

/** Whether a path may be a single video: a file of frames or features, or a folder of images. */
export const isClip = (path: string): boolean => {
  if (statSync(path).isDirectory()) return !hasFolders(path) && frameNames(path).length > 0;
  return isImageFile(path) || isFilm(path) || isFeatureFile(path);
};

const entriesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
const hasFolders = (folder: string): boolean =>
  entriesOf(folder).some((name) => statSync(join(folder, name)).isDirectory());

/** How a file of labels, or of captions, is called. */
const isLabelFile = (name: string): boolean => /^(labels|clips|segments|events|captions)\.(csv|tsv)$/i.test(name);

/**
 * Finds videos and their labels: files of features (see `readFeatureClips`); a folder with a folder of videos for each label, the
 * same below `train` and `test` (or `val`); or a folder of videos with `labels.csv`, which has columns clip and label (or caption),
 * and start and end where it is about parts of them. Frames are not decoded yet.
 * @throws Failure naming what is wrong, and where
 */
export async function clipData(paths: readonly string[]): Promise<ClipData> {
  const found: ClipData[] = [];
  for (const path of paths) {
    const about = naming(path, () => statSync(path));
    found.push(about.isDirectory() ? await folderData(path) : { train: await fileClips(path), apart: null });
  }
  const train = found.flatMap((one) => one.train);
  if (train.length === 0) throw new Failure(`${paths.join(', ')}: no videos found`);
  return { train, apart: found.length === 1 ? found[0].apart : null };
}

async function fileClips(path: string): Promise<FoundClip[]> {
  if (!isFeatureFile(path)) {
    throw new Failure(
      `${path}: a single video has no label; give a folder with a folder of videos for each label, or a file of features`,
    );
  }
  return (await readFeatureClips(path)).map(({ features, ...clip }) => ({ ...clip, source: { features } }));
}

function folderData(folder: string): Promise<ClipData> {
  return namingFolder(folder, async () => {
    const names = entriesOf(folder);
    const apart = names.find((name) => apartFolders.includes(name));
    if (names.includes('train') && names.every((name) => name === 'train' || apartFolders.includes(name))) {
      return {
        train: await labelledFolder(join(folder, 'train')),
        apart: apart ? { name: apart, clips: await labelledFolder(join(folder, apart)) } : null,
      };
    }
    return { train: await labelledFolder(folder), apart: null };
  });
}

const namingFolder = async <Result>(folder: string, action: () => Promise<Result>): Promise<Result> => {
  naming(folder, () => readdirSync(folder));
  return action();
};

async function labelledFolder(folder: string): Promise<FoundClip[]> {
  const names = entriesOf(folder);
  const list = names.find(isLabelFile);
  if (list !== undefined) return listedClips(folder, join(folder, list));
  const labels = names.filter((name) => statSync(join(folder, name)).isDirectory());
  const loose = names.find((name) => !labels.includes(name) && isClip(join(folder, name)));
  if (labels.length === 0 || loose !== undefined) {
    throw new Failure(
      `${loose === undefined ? folder : join(folder, loose)}: no label; put each video into a folder that is called as its ` +
        'label, or write labels.csv with columns clip and label beside them',
    );
  }
  const found: FoundClip[] = [];
  for (const label of labels) {
    const inside = entriesOf(join(folder, label)).filter((name) => isClip(join(folder, label, name)));
    if (inside.length === 0)
      throw new Failure(`${join(folder, label)}: no videos found; each is a file, or a folder of frames`);
    for (const name of inside) found.push(...(await clipsAt(folder, `${label}/${name}`, label)));
  }
  return found;
}

/** A video, or all of a file of features. */
async function clipsAt(folder: string, name: string, labels: FoundClip['labels']): Promise<FoundClip[]> {
  const path = join(folder, ...name.split('/'));
  if (statSync(path).isDirectory() || !isFeatureFile(path)) return [{ name, place: path, source: { path }, labels }];
  const clips = await readFeatureClips(path);
  return clips.map(({ features, place, name: own, sentences }) => ({
    ...{ name: clips.length > 1 ? `${name}#${own}` : name, place, source: { features }, labels },
    ...(sentences && { sentences }),
  }));
}

interface Listed {
  readonly line: number;
  readonly text: string;
  readonly parts: LabelledPart[];
  readonly sentences: ClipSentence[];
}

async function listedClips(folder: string, list: string): Promise<FoundClip[]> {
  const { columns, rows } = await parseCsv(readTextFiles([list]).texts[0], list);
  const names = columns.map((column) => column.toLowerCase());
  const column = (wanted: string): number => names.indexOf(wanted);
  const [clip, label, caption, start, end] = ['clip', 'label', 'caption', 'start', 'end'].map(column);
  const says = caption >= 0 && label < 0;
  const texts = says ? caption : label;
  if (clip < 0 || texts < 0) {
    throw new Failure(
      `${list}: the first line must name the columns clip and label, or clip and caption; and start and end for parts`,
    );
  }
  if (start < 0 !== end < 0) throw new Failure(`${list}: parts need both columns start and end`);
  const found = new Map<string, Listed>();
  for (const { line, fields } of rows) {
    const name = fields[clip].trim();
    const place = `${list}: line ${line}`;
    const text = fields[texts].trim();
    const before = found.get(name);
    if (before && start < 0 && !says)
      throw new Failure(`${place}: '${name.slice(0, 80)}' has a label already, in line ${before.line}`);
    const own: Listed = before ?? { line, text, parts: [], sentences: [] };
    found.set(name, own);
    const part = start < 0 ? null : partOf(fields[start].trim(), fields[end].trim(), place);
    if (part === undefined) continue;
    if (says && text === '') throw new Failure(`${place}: the caption is empty`);
    if (says) own.sentences.push({ caption: text, part });
    else if (part) own.parts.push({ label: text, ...part });
  }
  const clips: FoundClip[] = [];
  for (const [name, { line, text, parts, sentences }] of found) {
    const path = join(folder, name);
    if (!statSync(path, { throwIfNoEntry: false }) || name.split(/[/\\]/).includes('..')) {
      throw new Failure(`${list}: line ${line}: there is no video '${name.slice(0, 80)}' in ${folder}`);
    }
    const labels = says ? null : start < 0 ? text : { parts };
    clips.push(...(await clipsAt(folder, name, labels)).map((one) => (says ? { ...one, sentences } : one)));
  }
  return clips;
}

/** A part in frames; undefined: none is given. @throws Failure if it is no part */
function partOf(start: string, end: string, place: string): Omit<LabelledPart, 'label'> | undefined {
  if (start === '' && end === '') return undefined;
  const [from, to] = [Number(start), Number(end)];
  if (start !== '' && end !== '' && Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to > from)
    return { start: from, end: to };
  throw new Failure(
    `${place}: start and end must be whole numbers of frames, from 0 and the end after the start; received ${start.slice(0, 20)} and ${end.slice(0, 20)}`,
  );
}

/** Whether labels are those of frames: of all clips, since a clip may have one label throughout. */
export const labelsFrames = ({ train }: ClipData): boolean =>
  train.some(({ labels }) => labels !== null && typeof labels !== 'string');

/** Whether there are sentences about all clips: about whole ones, or about parts of them. */
export const sentencesAbout = ({ train }: ClipData): 'clips' | 'parts' | null => {
  if (!train.some(({ sentences }) => sentences !== undefined)) return null;
  return train.some(({ sentences = [] }) => sentences.some(({ part }) => part !== null)) ? 'parts' : 'clips';
};

/** The label of each frame of a clip. @throws Failure if a part ends after the clip, or overlaps another */
export function frameLabels({ labels, place }: FoundClip, frames: number, background: string): readonly string[] {
  if (labels === null) throw new Failure(`${place}: it has no labels`);
  if (typeof labels === 'string') return new Array<string>(frames).fill(labels);
  if (!('parts' in labels)) {
    if (labels.length === frames) return labels;
    throw new Failure(
      `${place}: ${countOf(labels.length, 'label')} for ${countOf(frames, 'frame')}; give one for each`,
    );
  }
  const found = new Array<string>(frames).fill(background);
  let before: LabelledPart | null = null;
  for (const part of [...labels.parts].sort((a, b) => a.start - b.start)) {
    if (part.end > frames) {
      throw new Failure(
        `${place}: '${part.label.slice(0, 40)}' ends with frame ${part.end}; the clip has ${countOf(frames, 'frame')}`,
      );
    }
    if (before && part.start < before.end) {
      throw new Failure(
        `${place}: '${before.label.slice(0, 40)}' and '${part.label.slice(0, 40)}' overlap at frame ${part.start}; a frame has one label`,
      );
    }
    found.fill(part.label, part.start, part.end);
    before = part;
  }
  return found;
}

/** The name of a file or folder of a clip, as messages show it. */
export const shownClip = ({ name, source }: FoundClip): string => ('path' in source ? source.path : basename(name));
