import type { Image } from 'unrolled/images';
import type { TaskName, TypesOf } from 'unrolled/tasks';
import type { Run } from '../../run/run.svelte.ts';

export type Columns = Readonly<Record<string, readonly number[]>>;

/** An image, and its address for the page. */
export interface ShownImage {
  readonly name: string;
  readonly image: Image;
  readonly url: string;
}

/** What was asked: a text, or an image; or columns of numbers, and the step that is predicted first. */
export interface Asked {
  readonly text: string;
  readonly columns: Columns | null;
  readonly origin: number;
  readonly image: ShownImage | null;
}

/** An answer, with what was asked: marks must not slip while one types. */
export interface PictureProps<Name extends TaskName = TaskName> {
  readonly run: Run;
  readonly asked: Asked;
  readonly answer: TypesOf<Name>['answer'];
  readonly explanation: TypesOf<Name>['explanation'] | null;
  readonly command: string;
}
