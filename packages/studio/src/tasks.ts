import { tasks } from 'unrolled/tasks';

/** What a model of a task, or of a kind of it, is called. */
export const nounOf = (name: string): string =>
  name === 'transformer' ? 'Transformer' : (tasks.find((one) => one.name === name)?.noun ?? `model of task ${name}`);

/** `taggers, classifiers and forecasters` */
export function nounsOf(names: readonly string[]): string {
  const nouns = names.map((name) => `${nounOf(name)}s`);
  return [nouns.slice(0, -1).join(', '), ...nouns.slice(-1)].filter((part) => part !== '').join(' and ');
}
