/** @file The build of a page into the package: `--mode dashboard` or `--mode playground`. */

import { defineConfig } from 'vite';
import { thirdParty } from './scripts/third-party.js';

export default defineConfig(({ mode: page }) => ({
  root: `src/app/web/${page}`,
  publicDir: '../public',
  base: './',
  plugins: [thirdParty()],
  build: {
    outDir: `../../../../dist/app/web/${page}`,
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
  },
}));
