import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import type { Image } from 'unrolled/images';
import type { Clip } from 'unrolled/tasks/video';
import { Failure, naming } from '../../failure.ts';
import { type FoundClip, shownClip } from '../../input/clip-data.ts';
import { besideOf } from '../../input/feature-clips.ts';
import { binaryFiles, type SourceFile, type SourceFiles } from '../../input/source-files.ts';
import { readFrames } from '../../input/video-frames.ts';
import { formatBytes, formatCount } from '../../output/units.ts';
import type { FrameFlags } from './options.ts';

/** Folders of videos, or files of features: found and hashed. */
export interface VideoFiles extends SourceFiles {
  readonly paths: readonly string[];
}

/** @throws Failure naming what cannot be read */
export function readVideoFiles(paths: readonly string[]): VideoFiles {
  const files = paths.map((path): SourceFile => {
    const isFolder = naming(path, () => statSync(path)).isDirectory();
    const beside = isFolder ? null : besideOf(path);
    const { files: inside } = binaryFiles(beside === null ? [path] : [path, beside]);
    const hash = createHash('sha256');
    // Without the place of the folder, which may be moved.
    for (const file of inside) hash.update(`${isFolder ? relative(path, file.path) : ''}\n${file.sha256}\n`);
    return { path, bytes: inside.reduce((sum, file) => sum + file.bytes, 0), sha256: hash.digest('hex') };
  });
  return { paths, files };
}

/** The most that the decoded frames of all clips may take. */
const mostBytes = 2 ** 31;

export interface ReadClipsOptions extends FrameFlags {
  /** Makes of each frame what is kept of it. Default: all of it */
  readonly prepare?: ((frame: Image) => Image) | undefined;
  readonly note?: ((line: string) => void) | undefined;
}

/** Decodes the frames of clips, one after the other. @throws Failure naming the file that is wrong, or if they would fill the memory */
export async function readClips(
  found: readonly FoundClip[],
  { every, strip, prepare, note }: ReadClipsOptions,
): Promise<Clip[]> {
  const clips: Clip[] = [];
  let [bytes, last] = [0, performance.now()];
  for (const [i, one] of found.entries()) {
    const clip = await readClip(one, { every, strip, prepare });
    clips.push(clip);
    if ('frames' in clip) bytes += clip.frames.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > mostBytes) {
      throw new Failure(
        `${shownClip(one)}: the frames of ${formatCount(i + 1)} of ${formatCount(found.length)} clips take more than ` +
          `${formatBytes(mostBytes)} of memory; take fewer with --every, or a smaller --size`,
      );
    }
    if (performance.now() - last < 5000) continue;
    last = performance.now();
    note?.(`Reading videos: ${formatCount(i + 1)} of ${formatCount(found.length)}`);
  }
  return clips;
}

/** The frames or features of one clip. */
export async function readClip({ source }: FoundClip, { every, strip, prepare }: ReadClipsOptions): Promise<Clip> {
  if ('path' in source) return { frames: await readFrames(source.path, { every, stripHeight: strip, prepare }) };
  const step = every ?? 1;
  return { features: step === 1 ? source.features : source.features.filter((_, t) => t % step === 0) };
}
