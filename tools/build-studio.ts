/** Builds the studio's page into dist/studio: files that any server can give out, with the library in them. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

await build({
  configFile: fileURLToPath(new URL('../packages/studio/vite.config.ts', import.meta.url)),
  logLevel: 'warn',
});
