#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error('minillm: dist/ is missing; run `npm ci` in the project folder first (it builds the package)');
  process.exitCode = 1;
}
