import { defineConfig } from 'vitest/config';

const settings = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  // A busy machine takes its time.
  expect: { poll: { timeout: 30_000 } },
};
/** Tests of the command's process, of the package and its page in a browser, and of long trainings. */
const system = ['packages/cli/test/**/*.test.ts', 'test/**/*.test.ts', '**/*.system.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...settings,
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...system],
          // They compute, each in one process; system tests start processes of their own.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...settings,
          name: 'system',
          include: system,
          exclude: ['**/node_modules/**'],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
