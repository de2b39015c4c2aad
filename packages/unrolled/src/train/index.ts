export * from './breathe.ts';
export * from './checkpoint.ts';
export * from './events.ts';
export * from './supervised.ts';
export * from './task.ts';
export * from './train.ts';
