import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import jpegDecode, { init as initJpeg } from '@jsquash/jpeg/decode.js';
import webpDecode, { init as initWebp } from '@jsquash/webp/decode.js';
import { FormatError } from 'unrolled';

/** Pixels as red, green, blue and alpha. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A library in WebAssembly. */
interface Codec {
  init(module: WebAssembly.Module, options: object): Promise<void>;
  decode(bytes: ArrayBuffer, options: { preserveOrientation: boolean }): Promise<unknown>;
  readonly file: string;
}

/** What it decodes to; Node has none. */
class Pixels implements Rgba {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

/** Pixels after which the library's memory, which only grows, is given back. */
const large = 2 ** 23;

interface Decoded {
  readonly pixels: Rgba | null;
  /** Lines that it printed. */
  readonly said: readonly string[];
}

/** Decodes with a library whose instance is made on first use, and again after an error or a large image. */
function decoderOf(codec: Codec): (bytes: Uint8Array) => Promise<Decoded> {
  let module: WebAssembly.Module | null = null;
  let ready = false;
  let said: string[] = [];
  const decode = async (bytes: Uint8Array): Promise<Decoded> => {
    (globalThis as { ImageData?: unknown }).ImageData ??= Pixels;
    module ??= new WebAssembly.Module(readFileSync(fileURLToPath(import.meta.resolve(codec.file))));
    if (!ready) await codec.init(module, { print: () => {}, printErr: (line: string) => void said.push(line) });
    said = [];
    ready = false;
    let pixels: Rgba | null = null;
    try {
      pixels = (await codec.decode(bytes as unknown as ArrayBuffer, { preserveOrientation: false })) as Rgba;
      ready = pixels.width * pixels.height < large;
    } catch {
      // It says why in a line, or not at all.
    }
    return { pixels, said };
  };
  // One after the other: what it says belongs to one image.
  let last: Promise<unknown> = Promise.resolve();
  return (bytes) => {
    const next = last.then(() => decode(bytes));
    last = next.catch(() => {});
    return next;
  };
}

const mozjpeg = decoderOf({ init: initJpeg, decode: jpegDecode, file: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm' });
const libwebp = decoderOf({ init: initWebp, decode: webpDecode, file: '@jsquash/webp/codec/dec/webp_dec.wasm' });

/** Scans of a progressive JPEG; more of them only serve to keep a decoder busy. */
const mostScans = 500;

/** @throws FormatError in libjpeg's words if the data are damaged or cut off */
export async function decodeJpeg(bytes: Uint8Array): Promise<Rgba> {
  let scans = 0;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = file.indexOf('\xff\xda', 0, 'latin1'); at >= 0; at = file.indexOf('\xff\xda', at + 2, 'latin1')) {
    if (++scans > mostScans) throw new FormatError(`the JPEG file has more than ${mostScans} scans`, { mostScans });
  }
  const { pixels, said } = await mozjpeg(bytes);
  const problem = said.find((line) => !isHarmless(line, file));
  if (pixels !== null && problem === undefined) return pixels;
  const reason = problem ?? said[0] ?? 'it cannot be decoded';
  if (/Premature end of JPEG file/.test(reason)) throw new FormatError('the JPEG data are cut off', { reason });
  throw new FormatError(`the JPEG data are damaged (${reason})`, { reason });
}

/** Cameras that leave bytes between the parts of a complete file are common. */
const isHarmless = (line: string, file: Buffer): boolean =>
  /extraneous bytes before marker/.test(line) && file.lastIndexOf('\xff\xd9', undefined, 'latin1') > 0;

/** Decodes a still image. @throws FormatError if the data are damaged or cut off */
export async function decodeWebp(bytes: Uint8Array): Promise<Rgba> {
  const { pixels } = await libwebp(bytes);
  if (pixels === null) throw new FormatError('the WebP data are damaged or cut off');
  return pixels;
}
