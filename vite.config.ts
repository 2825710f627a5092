/** @file The build of the dashboard's page into the package. */

import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src/app/web/dashboard',
  publicDir: '../public',
  base: './',
  build: {
    outDir: '../../../../dist/app/web/dashboard',
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
  },
});
