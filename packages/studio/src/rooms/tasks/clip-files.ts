import { type Image, imageOf, openImage, resizeImage } from 'unrolled/images';
import type { Clip } from 'unrolled/tasks/video';

/** Longest side in pixels, and the most frames: models see less. */
const most = { side: 128, frames: 500 };

/**
 * A clip of files that were chosen: a video, images in the order of their names, or numbers of each frame (JSON or CSV).
 * @param rate  frames a second that are taken of a video
 * @throws Error in words for people
 */
export async function clipOf(files: readonly File[], rate: number): Promise<Clip> {
  const [first] = files;
  if (/\.(json|csv|txt)$/i.test(first.name)) return { features: rowsIn(await first.text()) };
  if (first.type.startsWith('video/')) return { frames: await framesOf(first, rate) };
  if (files.length > most.frames) throw new Error(`These are ${files.length} images; at most ${most.frames} are read.`);
  const byNumber = new Intl.Collator('en', { numeric: true });
  const ordered = [...files].sort((a, b) => byNumber.compare(a.name, b.name));
  const frames: Image[] = [];
  for (const file of ordered) frames.push(smaller(await openImage(file)));
  return { frames };
}

function smaller(image: Image): Image {
  const scale = Math.min(1, most.side / Math.max(image.width, image.height));
  const [height, width] = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  return scale < 1 ? resizeImage(image, [height, width]) : image;
}

async function framesOf(file: File, rate: number): Promise<Image[]> {
  const video = document.createElement('video');
  const url = URL.createObjectURL(file);
  const happens = (event: string): Promise<void> =>
    new Promise((done, fail) => {
      video.addEventListener(event, () => done(), { once: true });
      video.addEventListener('error', () => fail(new Error(`${file.name}: this browser cannot play it.`)), {
        once: true,
      });
    });
  try {
    video.muted = true;
    video.src = url;
    await happens('loadeddata');
    const count = Math.floor(video.duration * rate);
    if (!(count <= most.frames)) {
      throw new Error(
        `${file.name} has more than ${most.frames} frames at ${rate} a second; take fewer, or a part of it.`,
      );
    }
    const frames: Image[] = [];
    for (let t = 0; t < Math.max(1, count); t++) {
      if (t > 0) {
        video.currentTime = t / rate;
        await happens('seeked');
      }
      frames.push(smaller(imageOf(video)));
    }
    return frames;
  } finally {
    URL.revokeObjectURL(url);
    video.removeAttribute('src');
  }
}

/** Rows of numbers in JSON, `[[…], …]` or `{ "features": … }`, or in CSV with or without names. */
export function rowsIn(text: string): number[][] {
  const rows = /^\s*[[{]/.test(text) ? jsonRows(text) : tableRows(text);
  const width = rows[0]?.length ?? 0;
  if (width === 0) throw new Error('There are no numbers in the file.');
  const odd = rows.findIndex((row) => row.length !== width || !row.every(Number.isFinite));
  if (odd >= 0) throw new Error(`Frame ${odd + 1} must have ${width} numbers, as the first.`);
  return rows;
}

function jsonRows(text: string): number[][] {
  const value = JSON.parse(text) as { readonly features?: unknown };
  const rows = Array.isArray(value) ? value : value.features;
  if (Array.isArray(rows) && rows.every(Array.isArray)) return rows;
  throw new Error('The file must have rows of numbers: { "features": [[…], …] }.');
}

const tableRows = (text: string): number[][] =>
  text
    .split(/\r?\n/)
    .filter((line) => /\d/.test(line))
    .map((line) => line.split(/[,;\t]/).map(Number))
    .filter((row) => !row.every(Number.isNaN));
