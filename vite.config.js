/** @file The build of the pages into the package. What they have in common is in one chunk. */

import { defineConfig } from 'vite';
import { ofWorkers, thirdParty } from './scripts/third-party.js';

const PAGES = ['dashboard', 'playground', 'site', 'train'];

/** Folders of the packages that workers use. */
const packages = new Set();

export default defineConfig({
  root: 'src/app/web',
  publicDir: 'public',
  base: './',
  plugins: [thirdParty(packages)],
  worker: { format: 'es', plugins: () => [ofWorkers(packages)] },
  build: {
    outDir: '../../../dist/app/web',
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: PAGES.map((page) => `src/app/web/${page}.html`),
      output: { chunkFileNames: 'assets/shared-[hash].js' },
    },
  },
});
