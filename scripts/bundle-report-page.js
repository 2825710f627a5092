// Bundles the script of the report page, ECharts included, into one file that `minillm report` puts into each page.
import { cpSync } from 'node:fs';
import { build } from 'vite';
import { thirdParty } from './third-party.js';

await build({
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  plugins: [thirdParty()],
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir: 'dist/report/page',
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: 'src/report/page/main.ts', formats: ['iife'], name: 'report', fileName: () => 'page.js' },
  },
});
cpSync('src/report/page/page.css', 'dist/report/page/page.css');
