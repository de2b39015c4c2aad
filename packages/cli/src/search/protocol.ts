import type { LabelledImage } from 'unrolled/images';
import type { BlockImages, BlockTrainingOptions, CellTrainingOptions, Choices } from 'unrolled/search';
import type { TokenizerConfig } from 'unrolled/tokenizers';

/** Texts in memory that threads share. */
export interface SharedTexts {
  readonly tokenizer: TokenizerConfig;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test?: Int32Array | undefined;
}

/** What a worker starts with: everything that all of its jobs have in common. */
export type WorkerSetup =
  | {
      readonly kind: 'cell';
      readonly base: number;
      readonly texts: SharedTexts;
      readonly training: CellTrainingOptions;
    }
  | {
      readonly kind: 'block';
      readonly nodes: number;
      readonly images: BlockImages;
      readonly training: BlockTrainingOptions;
      readonly penalty: number;
      readonly reference: number;
    }
  | { readonly kind: 'compare'; readonly texts: SharedTexts };

/** A cell to compare, with what it is trained with. */
export interface CompareJob {
  /** As `--cell` takes it. */
  readonly cell: string;
  readonly training: CellTrainingOptions;
}

/** A candidate of a search, or a cell to compare. */
export type Job = Choices | CompareJob;

/** What a worker says: that a job is done, or what went wrong. */
export type Report =
  | { readonly id: number; readonly result: unknown; readonly seconds: number }
  | { readonly id: number; readonly error: string; readonly stack?: string | undefined };

/** A copy that threads share. */
export function sharedIds(ids: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(ids.byteLength));
  copy.set(ids);
  return copy;
}

/** Images whose pixels threads share. */
export function sharedImages(images: readonly LabelledImage[]): LabelledImage[] {
  const bytes = images.reduce((sum, { image }) => sum + image.data.length, 0);
  const all = new Uint8Array(new SharedArrayBuffer(bytes));
  let end = 0;
  return images.map(({ image, label }) => {
    const data = all.subarray(end, end + image.data.length);
    data.set(image.data);
    end += data.length;
    return { image: { ...image, data }, label };
  });
}
