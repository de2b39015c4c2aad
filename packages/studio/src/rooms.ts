import type { Component } from 'svelte';

export interface Room {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  /** One line that says what one does here. */
  readonly about: string;
  readonly load: () => Promise<{ readonly default: Component }>;
}

/** The rooms of the studio, in the order of the navigation; a room's keys are its number. */
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
    id: 'cells',
    title: 'Cells',
    about: 'Find single cells that one can read',
    load: () => import('./rooms/cells/Cells.svelte'),
  },
  {
    id: 'gradients',
    title: 'Gradients',
    about: 'See how far gradients reach back, and why',
    load: () => import('./rooms/gradients/Gradients.svelte'),
  },
  {
    id: 'tasks',
    title: 'Attention & tags',
    about: 'See what translators look at, what taggers mark and what speaks for a label',
    load: () => import('./rooms/tasks/Tasks.svelte'),
  },
];
