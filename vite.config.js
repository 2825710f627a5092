/** @file The build of the dashboard's page into the package. */

import { defineConfig } from 'vite';
import { thirdParty } from './scripts/third-party.js';

export default defineConfig({
  root: 'src/app/web/dashboard',
  publicDir: '../public',
  base: './',
  plugins: [thirdParty()],
  build: {
    outDir: '../../../../dist/app/web/dashboard',
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
  },
});
