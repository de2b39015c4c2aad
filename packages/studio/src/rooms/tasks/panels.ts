import type { Component } from 'svelte';
import type { TaskName } from 'unrolled/tasks';
import Acted from './Acted.svelte';
import Answered from './Answered.svelte';
import Attended from './Attended.svelte';
import Captioned from './Captioned.svelte';
import Classified from './Classified.svelte';
import Conversed from './Conversed.svelte';
import Drawn from './Drawn.svelte';
import Forecasted from './Forecasted.svelte';
import Glimpsed from './Glimpsed.svelte';
import Selected from './Selected.svelte';
import Tagged from './Tagged.svelte';
import Told from './Told.svelte';
import Translated from './Translated.svelte';
import Walked from './Walked.svelte';

/** The settings of the room. */
export interface View {
  readonly beam: number;
  /** The label to explain; null: the likeliest. */
  readonly label: string | null;
  /** Words that a caption begins with. */
  readonly begin: string;
}

/** How the answers of a task are asked for and drawn. */
interface Panel {
  readonly picture: Component<never>;
  /** Options of the task's `predict` and of its `explain`; default: none, and no explanation. */
  readonly options?: (view: View) => object;
  readonly explain?: (view: View) => object;
  /** Options of the command that gives the same answer. */
  readonly words?: (view: View) => readonly string[];
  /** What the field for texts says while it is empty. Default: to type a text. */
  readonly placeholder?: string;
}

/** Of the tasks that this room shows, in the order of the library's list. */
export const panels: Readonly<Record<Exclude<TaskName, 'classify-images'>, Panel>> = {
  'language-model': {
    picture: Attended,
    options: () => ({ length: 40, temperature: 0 }),
    explain: () => ({ last: 64 }),
    words: () => ['--length', '40', '--temperature', '0'],
  },
  translate: {
    picture: Translated,
    options: ({ beam }) => ({ beam, nBest: beam, alignment: true }),
    words: ({ beam }) => ['--beam', String(beam), '--n-best', String(beam)],
  },
  classify: {
    picture: Classified,
    explain: ({ label }) => ({ by: 'tokens', label: label ?? undefined }),
    words: () => ['--explain'],
  },
  caption: {
    picture: Captioned,
    options: ({ beam, begin }) => ({ beam, nBest: beam, begin }),
    words: ({ beam, begin }) => ['--beam', String(beam), ...(begin === '' ? [] : ['--begin', begin])],
  },
  video: { picture: Acted },
  'video-frames': { picture: Acted, options: () => ({ smooth: 5 }), words: () => ['--smooth', '5'] },
  'video-caption': {
    picture: Told,
    options: ({ beam }) => ({ beam, nBest: beam }),
    words: ({ beam }) => ['--beam', String(beam)],
  },
  'video-events': { picture: Told },
  vqa: { picture: Answered, words: () => ['--n-best', '5'] },
  tag: { picture: Tagged },
  forecast: { picture: Forecasted },
  navigate: { picture: Walked },
  glimpse: { picture: Glimpsed },
  draw: { picture: Drawn },
  dialogue: { picture: Conversed, options: () => ({ beam: 4, nBest: 4 }), words: () => ['--beam', '4'] },
  'target-selection': {
    picture: Selected,
    placeholder:
      'A line of OneCommon, such as: <input> -0.6 0.1 0.2 -0.8 0.5 -0.3 -0.4 0.6 </input> <dialogue> THEM: the dark one <eos> </dialogue>',
  },
};
