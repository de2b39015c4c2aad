import type { Image } from 'unrolled/images';
import type { TaskName, TypesOf } from 'unrolled/tasks';
import type { Clip } from 'unrolled/tasks/video';
import type { Run } from '../../run/run.svelte.ts';

export type Columns = Readonly<Record<string, readonly number[]>>;

/** An image, and its address for the page. */
export interface ShownImage {
  readonly name: string;
  readonly image: Image;
  readonly url: string;
}

/** A video, by its name. */
export interface ShownClip {
  readonly name: string;
  readonly clip: Clip;
}

/** What was asked: a text, an image or a video; or columns of numbers, and the step that is predicted first. */
export interface Asked {
  readonly text: string;
  readonly columns: Columns | null;
  readonly origin: number;
  readonly image: ShownImage | null;
  readonly clip?: ShownClip | null;
}

/** An answer, with what was asked: marks must not slip while one types. */
export interface PictureProps<Name extends TaskName = TaskName> {
  readonly run: Run;
  readonly asked: Asked;
  readonly answer: TypesOf<Name>['answer'];
  readonly explanation: TypesOf<Name>['explanation'] | null;
  readonly command: string;
}
