import { Failure } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { parseCsv } from './csv.ts';

/** A caption, and the image that it is about as the file names it. */
export interface CaptionLine {
  readonly image: string;
  readonly caption: string;
  /** Where it stands: `captions.txt: line 7`. */
  readonly place: string;
}

/**
 * Reads captions: CSV with columns `image` and `caption`, such as Flickr8k's captions.txt; lines of JSON `{ "image", "caption" }` or
 * `{ "image", "captions" }`; Flickr8k's token file, with `name.jpg#0`, tab and caption in each line; COCO's JSON with `images` and
 * `annotations`.
 * @param name  of the file, for errors
 * @throws Failure naming the line that is wrong
 */
export async function parseCaptions(text: string, name: string): Promise<CaptionLine[]> {
  const found = await linesOf(text.replace(/^\ufeff/, ''), name);
  const blank = found.find(({ caption }) => caption.trim() === '');
  if (blank) throw new Failure(`${blank.place}: the caption of '${shownName(blank.image)}' is empty`);
  if (found.length === 0) throw new Failure(`${name}: no captions found`);
  return found;
}

async function linesOf(text: string, name: string): Promise<CaptionLine[]> {
  if (text.trimStart().startsWith('{')) {
    const lines = text.split(/\r?\n/);
    const isLines =
      lines.filter((line) => line.trim() !== '').length > 1 && isJson(lines.find((line) => line.trim() !== '')!);
    return isLines ? jsonLines(lines, name) : coco(text, name);
  }
  const first = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'));
  return /^[^\t]+#\d+\t/.test(first) ? tokenLines(text, name) : table(text, name);
}

async function table(text: string, name: string): Promise<CaptionLine[]> {
  const { columns, rows } = await parseCsv(text, name);
  const names = columns.map((column) => column.toLowerCase());
  const [image, caption] = ['image', 'caption'].map((wanted) => {
    const at = names.findIndex((column) => column === wanted || column === `${wanted}s` || column === `${wanted}_name`);
    if (at >= 0) return at;
    throw new Failure(`${name}: no column '${wanted}'; the first line must name the columns image and caption`);
  });
  return rows.map(({ line, fields }) => ({
    image: fields[image].trim(),
    caption: fields[caption],
    place: `${name}: line ${line}`,
  }));
}

function tokenLines(text: string, name: string): CaptionLine[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const [, image, caption] = /^([^\t]+)#\d+\t(.*)$/.exec(line) ?? [];
    const place = `${name}: line ${i + 1}`;
    if (image === undefined) throw new Failure(`${place}: it must have an image, # and a number, tab, and a caption`);
    return [{ image, caption, place }];
  });
}

function jsonLines(lines: readonly string[], name: string): CaptionLine[] {
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const place = `${name}: line ${i + 1}`;
    const { image, caption, captions } = parsedObject(line, place) as Readonly<Record<string, unknown>>;
    const all = captions ?? [caption];
    if (typeof image !== 'string' || !Array.isArray(all) || !all.every((one) => typeof one === 'string')) {
      throw new Failure(
        `${place}: it must be { "image": name, "caption": text } or { "image": name, "captions": [texts] }`,
      );
    }
    return all.map((one: string) => ({ image, caption: one, place }));
  });
}

interface Coco {
  readonly images?: readonly { readonly id?: unknown; readonly file_name?: unknown }[];
  readonly annotations?: readonly { readonly image_id?: unknown; readonly caption?: unknown }[];
}

function coco(text: string, name: string): CaptionLine[] {
  const { images, annotations } = parsedObject(text, name) as Coco;
  if (!Array.isArray(images) || !Array.isArray(annotations)) {
    throw new Failure(
      `${name}: JSON of captions must have lists 'images' and 'annotations', as COCO's, or be one object a line`,
    );
  }
  for (const [list, entries] of [
    ['image', images],
    ['annotation', annotations],
  ] as const) {
    const odd = entries.findIndex((entry: unknown) => typeof entry !== 'object' || entry === null);
    if (odd >= 0) throw new Failure(`${name}: ${list} ${odd + 1} is not an object`);
  }
  const names = new Map(images.map(({ id, file_name }: { id?: unknown; file_name?: unknown }) => [id, file_name]));
  return annotations.map(({ image_id, caption }: { image_id?: unknown; caption?: unknown }, i) => {
    const place = `${name}: annotation ${i + 1}`;
    const image = names.get(image_id);
    if (typeof image !== 'string')
      throw new Failure(`${place}: there is no image with id ${shownName(String(image_id))}`);
    if (typeof caption !== 'string') throw new Failure(`${place}: it has no caption`);
    return { image, caption: caption.trim(), place };
  });
}

/** Whether a line is JSON by itself. */
export function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** JSON of an object. @throws Failure naming the place */
export function parsedObject(text: string, place: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new Failure(`${place}: it is not JSON`, 1, { cause });
  }
  throw new Failure(`${place}: it is not a JSON object`);
}

/** A name as messages show it. */
export const shownName = (name: string): string => (name.length > 80 ? `${name.slice(0, 80)}…` : name);

/** The names in a list, one a line, each with its place. */
export function parseNames(text: string, name: string): { readonly name: string; readonly place: string }[] {
  const found = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ name: line.trim(), place: `${name}: line ${i + 1}` }))
    .filter((one) => one.name !== '');
  if (found.length === 0) throw new Failure(`${name}: ${countOf(0, 'name')} of images; write one a line`);
  return found;
}
