import { attentionFilm, type FilmFrame } from 'unrolled/charts';
import type { Image } from 'unrolled/images';
import type { Clip, ClipCaption } from 'unrolled/tasks/video';
import { Failure } from '../../failure.ts';
import { imageAddress } from '../image-address.ts';
import { PictureFiles } from '../picture-files.ts';

/** Frames drawn above the rows of words. */
const shown = 8;

/** Some of the frames that a caption is about, spread evenly. */
function filmOf(frames: readonly Image[], first: number, length: number): FilmFrame[] {
  const count = Math.min(shown, length);
  return Array.from({ length: count }, (_, i) => {
    const frame = first + Math.floor(((i + 0.5) * length) / count);
    const { width, height } = frames[frame];
    return { frame, href: imageAddress(frames[frame]), width, height };
  });
}

/** Writes at which frames attention looked for each word of captions: a picture for each, or all as one JSON array. */
export class ClipAttentionFiles {
  readonly #files: PictureFiles;

  /** @throws Failure if the model has no attention */
  constructor(conditioning: string | undefined, path: string) {
    if ((conditioning ?? 'attention') !== 'attention')
      throw new Failure('--attention: this model has no attention to show', 2);
    this.#files = new PictureFiles(path);
  }

  /** @param first  of the frames that the caption is about */
  add(name: string, clip: Clip, { text, attention }: Pick<ClipCaption, 'text' | 'attention'>, first = 0): void {
    if (attention === null) return;
    this.#files.add({ clip: name, caption: text, first, ...attention }, () =>
      attentionFilm({
        title: text === '' ? '(an empty caption)' : text,
        description: `Frames that the model looked at for each word about ${name}. Made by: unrolled video predict --attention`,
        images: 'frames' in clip ? filmOf(clip.frames, first, attention.weights[0]?.length ?? 0) : [],
        first,
        ...attention,
      }),
    );
  }

  end(): void {
    this.#files.end();
  }
}
