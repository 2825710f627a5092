/** @file What the build writes, in small: the pages of a site, a page of the server, and assets of one or both. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FILES: Readonly<Record<string, string>> = {
  'site.html': '<html><head><link href="./icon.svg"><script src="./assets/site-1.js"></script></head></html>',
  'train.html': '<html><head><script src="./assets/train-1.js"></script></head></html>',
  'dashboard.html': '<script src="./assets/dashboard-1.js"></script>',
  'icon.svg': '<svg/>',
  'isolation.js': '// headers',
  'THIRD-PARTY.txt': 'licenses',
  'assets/site-1.js': 'import "./site-1.css"; new Worker("engine-1.js")',
  'assets/site-1.css': 'p {}',
  'assets/train-1.js': 'new Worker("engine-1.js")',
  'assets/engine-1.js': 'fetch("kernels-1.wasm")',
  'assets/kernels-1.wasm': '\0asm',
  'assets/dashboard-1.js': 'import "./site-1.css"',
};

/** A folder of these files; those that `changes` gives undefined are not there. */
export function builtPage(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
