import type { Component } from 'svelte';

export interface Room {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  /** One line that says what one does here. */
  readonly about: string;
  readonly load: () => Promise<{ readonly default: Component }>;
}

/** The rooms of the studio, in the order of the navigation; a room's key is its number. */
export const rooms: readonly Room[] = [
  {
    id: 'train',
    title: 'Train',
    about: 'Give a network a text and watch it learn',
    load: () => import('./rooms/train/Train.svelte'),
  },
  {
    id: 'unrolled',
    title: 'Unrolled',
    about: 'See every number, forward and back',
    load: () => import('./rooms/unrolled/Unrolled.svelte'),
  },
  {
    id: 'write',
    title: 'Write',
    about: 'Let a model write, see what surprises it, and steer it',
    load: () => import('./rooms/write/Write.svelte'),
  },
  {
    id: 'units',
    title: 'Units',
    about: 'Find hidden units that can be read, and places with a similar state',
    load: () => import('./rooms/units/Units.svelte'),
  },
  {
    id: 'gradients',
    title: 'Gradients',
    about: 'See how far gradients reach back, and why',
    load: () => import('./rooms/gradients/Gradients.svelte'),
  },
  {
    id: 'tasks',
    title: 'Tasks',
    about: 'Translate, tag, classify and forecast, and see what each answer rests on',
    load: () => import('./rooms/tasks/Tasks.svelte'),
  },
  {
    id: 'see',
    title: 'See',
    about: 'Give a network a picture and see which pixels matter to it',
    load: () => import('./rooms/see/See.svelte'),
  },
];
