import { FormatError } from '../errors.ts';
import type { Task, TaskTypes } from './task.ts';

/** What is said of a task before anything of it is loaded. */
export interface TaskEntry {
  /** As in files and commands. */
  readonly name: string;
  /** The command that trains and uses it. Default: its name. */
  readonly command?: string;
  /** What a model of it is called. */
  readonly noun: string;
  /** What such a model does with an input. */
  readonly verb: string;
  /** What an input is: a text, columns of numbers, an image, a video, an image with a question, or with a dialogue. */
  readonly reads: 'text' | 'series' | 'image' | 'video' | 'question' | 'dialogue';
  readonly description: string;
}

/** All tasks. `loaders` has the module of each. */
export const tasks = [
  {
    name: 'language-model',
    noun: 'language model',
    verb: 'generate',
    reads: 'text',
    description: 'continue texts',
  },
  {
    name: 'translate',
    noun: 'translator',
    verb: 'translate',
    reads: 'text',
    description: 'translate one sequence into another: languages, letters to phonemes, date formats',
  },
  {
    name: 'classify',
    noun: 'classifier',
    verb: 'classify',
    reads: 'text',
    description: 'classify texts: sentiment, language, topic',
  },
  {
    name: 'classify-images',
    command: 'classify',
    noun: 'image classifier',
    verb: 'classify',
    reads: 'image',
    description: 'classify images: what a photograph shows, digits',
  },
  {
    name: 'video',
    noun: 'video classifier',
    verb: 'recognise',
    reads: 'video',
    description: 'classify videos: what people do, from frames or poses',
  },
  {
    name: 'video-frames',
    command: 'video',
    noun: 'frame labeller',
    verb: 'segment',
    reads: 'video',
    description: 'label each frame of videos: what happens, and when',
  },
  {
    name: 'video-caption',
    command: 'video',
    noun: 'video captioner',
    verb: 'describe',
    reads: 'video',
    description: 'describe videos in a sentence',
  },
  {
    name: 'video-events',
    command: 'video',
    noun: 'event captioner',
    verb: 'tell',
    reads: 'video',
    description: 'find the events of videos and describe each',
  },
  {
    name: 'caption',
    noun: 'captioner',
    verb: 'describe',
    reads: 'image',
    description: 'describe images in a sentence',
  },
  {
    name: 'vqa',
    noun: 'question answerer',
    verb: 'answer',
    reads: 'question',
    description: 'answer questions about images',
  },
  {
    name: 'tag',
    noun: 'tagger',
    verb: 'tag',
    reads: 'text',
    description: 'tag words: named entities, parts of speech',
  },
  {
    name: 'forecast',
    noun: 'forecaster',
    verb: 'forecast',
    reads: 'series',
    description: 'forecast columns of numbers, with intervals',
  },
  {
    name: 'navigate',
    noun: 'navigator',
    verb: 'navigate',
    reads: 'text',
    description: 'follow instructions through a map',
  },
  {
    name: 'glimpse',
    noun: 'glimpse reader',
    verb: 'read',
    reads: 'image',
    description: 'read images by a sequence of glimpses: digits in clutter, two in one image',
  },
  {
    name: 'draw',
    noun: 'drawing model',
    verb: 'draw',
    reads: 'image',
    description: 'draw images step by step (DRAW)',
  },
  {
    name: 'dialogue',
    noun: 'dialogue agent',
    verb: 'answer',
    reads: 'dialogue',
    description: 'answer questions about an image that build on each other',
  },
  {
    name: 'target-selection',
    command: 'dialogue',
    noun: 'target selector',
    verb: 'select',
    reads: 'text',
    description: 'choose the dot that two players talk about',
  },
] as const satisfies readonly TaskEntry[];

export type TaskName = (typeof tasks)[number]['name'];

/** The command of a task: `unrolled <command> train`. */
export const commandOf = (name: string): string =>
  (tasks as readonly TaskEntry[]).find((one) => one.name === name)?.command ?? name;

// Loaded on demand, so that a page holds only the tasks it uses; apart from `tasks`, so that one can be had without the other.
const loaders = {
  'language-model': async () => (await import('./language-model/task.ts')).languageModelTask,
  translate: async () => (await import('./translate/task.ts')).translateTask,
  classify: async () => (await import('./classify/task.ts')).classifyTask,
  'classify-images': async () => (await import('./classify-images/task.ts')).classifyImagesTask,
  video: async () => (await import('./video/task.ts')).videoTask,
  'video-frames': async () => (await import('./video/labeller-task.ts')).videoFramesTask,
  'video-caption': async () => (await import('./video/captioner-task.ts')).videoCaptionTask,
  'video-events': async () => (await import('./video/event-task.ts')).videoEventsTask,
  caption: async () => (await import('./caption/task.ts')).captionTask,
  vqa: async () => (await import('./vqa/task.ts')).vqaTask,
  tag: async () => (await import('./tag/task.ts')).tagTask,
  forecast: async () => (await import('./forecast/task.ts')).forecastTask,
  navigate: async () => (await import('./navigate/task.ts')).navigateTask,
  glimpse: async () => (await import('./glimpse/task.ts')).glimpseTask,
  draw: async () => (await import('./draw/task.ts')).drawTask,
  dialogue: async () => (await import('./dialogue/task.ts')).dialogueTask,
  'target-selection': async () => (await import('./target-selection/task.ts')).targetSelectionTask,
} as const satisfies Readonly<Record<TaskName, () => Promise<object>>>;

type Loaded<Name extends TaskName> = Awaited<ReturnType<(typeof loaders)[Name]>>;
/** The types of the task of this name. */
export type TypesOf<Name extends TaskName> = Loaded<Name> extends Task<infer T> ? T : never;

/** The task of this name, with its types. */
export const loadTask = <Name extends TaskName>(name: Name): Promise<Loaded<Name>> =>
  loaders[name]() as Promise<Loaded<Name>>;

/**
 * The task of this name, which comes from a file; see `taskOf`.
 * @throws FormatError if there is no such task
 */
export async function taskNamed(name: string): Promise<Task<TaskTypes>> {
  const entry = tasks.find((one) => one.name === name);
  if (entry) return loadTask(entry.name);
  const nouns = tasks.map(({ noun }) => `${noun}s`);
  throw new FormatError(
    `model: its task is '${name}'; there are ${nouns.slice(0, -1).join(', ')} and ${nouns.at(-1)}`,
    { name },
  );
}
