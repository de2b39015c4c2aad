import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { FormatError } from 'unrolled';
import type { Image } from 'unrolled/images';
import { Failure } from '../../failure.ts';
import { printable } from '../../output/text.ts';

/** The longest header of an image that ffmpeg writes: `P6 16384 16384 255`. */
const longestHeader = 64;

/** After so many seconds without a frame, ffmpeg is ended. */
const patience = 60;

/**
 * The frames of a video file by an installed `ffmpeg`, which reads it and nothing else.
 * @param mostPixels  of a frame
 * @throws Failure if ffmpeg is not installed; FormatError if it cannot read the file, or a frame is too large
 */
export async function* filmFrames(path: string, mostPixels: number): AsyncGenerator<Image> {
  const bounds = ['-max_pixels', String(mostPixels), '-protocol_whitelist', 'file,pipe'];
  const input = [...bounds, '-i', `file:${resolve(path)}`, '-map', '0:v:0'];
  const args = ['-v', 'error', '-nostdin', ...input, '-f', 'image2pipe', '-c:v', 'ppm', '-'];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, stuck, started] = ['', false, true];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 2000) said += text;
  });
  const ended = new Promise<number | null>((settle) => {
    child.on('error', () => {
      started = false;
      settle(null);
    });
    child.on('close', settle);
  });
  const timer = setTimeout(() => {
    stuck = true;
    child.kill('SIGKILL');
  }, 1000 * patience);
  try {
    let [pieces, held]: [Uint8Array[], number] = [[], 0];
    let needed = 0;
    let count = 0;
    for await (const piece of child.stdout) {
      pieces.push(piece);
      held += piece.length;
      if (held < needed) continue;
      let bytes: Uint8Array = Buffer.concat(pieces);
      for (;;) {
        const header = headerOf(bytes);
        if (header === null) {
          needed = bytes.length + 1;
          break;
        }
        const { width, height, start } = header;
        if (width * height > mostPixels) {
          throw new FormatError(
            `its frames have ${width} × ${height} pixels; at most ${mostPixels} are read: make it smaller`,
          );
        }
        needed = start + 3 * width * height;
        if (bytes.length < needed) break;
        count++;
        timer.refresh();
        yield { width, height, channels: 3, data: new Uint8Array(bytes.subarray(start, needed)) };
        timer.refresh();
        bytes = bytes.subarray(needed);
      }
      [pieces, held] = [[bytes], bytes.length];
    }
    const code = await ended;
    if (!started) {
      throw new Failure(
        `${path}: reading it needs ffmpeg, which is not installed: apt install ffmpeg, brew install ffmpeg or ` +
          'winget install ffmpeg; folders of frames, animated GIF and WebP need nothing',
      );
    }
    if (stuck) throw new FormatError(`ffmpeg gave no frame for ${patience} seconds`, { frames: count });
    if (code !== 0 || count === 0 || said !== '') {
      const reason = printable(said.split('\n')[0]).slice(0, 200) || 'it found no frame';
      throw new FormatError(`ffmpeg cannot read ${count > 0 ? `more than ${count} frames` : 'it'}: ${reason}`, {
        frames: count,
      });
    }
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

/** Size and first pixel of a portable pixmap; null where its header is not whole. */
function headerOf(
  bytes: Uint8Array,
): { readonly width: number; readonly height: number; readonly start: number } | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(longestHeader, bytes.length)).toString('latin1');
  const found = /^P6\s(\d{1,6})\s(\d{1,6})\s255\s/.exec(text);
  if (found) return { width: Number(found[1]), height: Number(found[2]), start: found[0].length };
  if (text.length < longestHeader) return null;
  throw new FormatError('ffmpeg wrote something that is no frame');
}
