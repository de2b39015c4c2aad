import { type ExampleSource, type Examples, sourceOf } from '../data/examples.ts';
import type { Image } from '../images/image.ts';
import { mix32 } from '../random.ts';

/** What a model sees: the image itself, or the features of it that a frozen network found. */
export type View = Image | ArrayLike<number>;

export const isImage = (view: View): view is Image => 'data' in view;

/** Views in memory as a source whose fingerprint is made of their numbers. */
export function viewSource<Seen extends View>(views: Examples<Seen>): ExampleSource<Seen> {
  if (!Array.isArray(views)) return views as ExampleSource<Seen>;
  const list = views as readonly Seen[];
  let fingerprint: number | null = null;
  return {
    ...sourceOf(list),
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce(hashView, list.length);
      return fingerprint;
    },
  };
}

const bits = (): readonly [Float32Array, Int32Array] => {
  const integers = new Int32Array(1);
  return [new Float32Array(integers.buffer), integers];
};

function hashView(hash: number, view: View): number {
  let result = hash;
  if (isImage(view)) {
    result = mix32(result ^ view.width);
    for (const byte of view.data) result = mix32(result ^ byte);
    return result;
  }
  const [number, integer] = bits();
  for (let i = 0; i < view.length; i++) {
    number[0] = view[i];
    result = mix32(result ^ integer[0]);
  }
  return result;
}
