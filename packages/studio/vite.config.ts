import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { licences } from './licences.ts';

/** Shared memory, and with it threads, is for pages that are isolated from others. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** The library names the file of its worker for Node, too, which Vite copies as it is: no page asks for it. */
const withoutSources: Plugin = {
  name: 'without-sources',
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) if (name.endsWith('.ts')) delete bundle[name];
  },
};

const { collect, write } = licences();

export default defineConfig({
  root: import.meta.dirname,
  // Any folder of any server will do.
  base: './',
  plugins: [svelte(), withoutSources, collect(), write],
  worker: { format: 'es', plugins: () => [collect()] },
  server: { headers: isolation },
  preview: { headers: isolation },
  build: {
    target: 'es2024',
    outDir: '../../dist/studio',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    license: { fileName: 'licences.md' },
  },
});
