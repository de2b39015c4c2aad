/**
 * Models of all tasks in the same terms: one list, each loaded on demand.
 * @module
 */

export { commandOf, loadTask, type TaskEntry, type TaskName, type TypesOf, taskNamed, tasks } from './list.ts';
export {
  type AnyModel,
  type OpenModel,
  openedModel,
  openModel,
  parseInput,
  type Task,
  type TaskTypes,
} from './task.ts';
