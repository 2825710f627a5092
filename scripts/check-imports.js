// Checks what may import what: the directions between rooms (.dependency-cruiser.cjs), and that what runs in a browser reaches nothing
// of Node (.dependency-cruiser-browser.cjs). Then that the checks can fail: violations planted in a copy of the sources must be found.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A configuration, and the files that it begins with. */
const DIRECTIONS = ['.dependency-cruiser.cjs', 'src'];
const PAGES = ['src/app/tab', 'src/app/web', 'src/report/page'];
const THREAD = 'src/backends/wasm/thread-in-browser.ts';
const BROWSER = ['.dependency-cruiser-browser.cjs', 'src/browser.ts', ...PAGES, THREAD];

const cruiser = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const cruise = (cwd, pass) => spawnSync(process.execPath, [cruiser, '--config', ...pass], { cwd, encoding: 'utf8' });

for (const pass of [DIRECTIONS, BROWSER]) {
  const real = cruise('.', pass);
  process.stdout.write(real.stdout + real.stderr);
  if (real.status !== 0) process.exit(1);
}

const copy = mkdtempSync(join(tmpdir(), 'minillm-imports-'));
const plant = (file, code) => appendFileSync(join(copy, 'src', file), `\n${code}\n`);
const expectFound = (pass, rules) => {
  const planted = cruise(copy, pass);
  for (const rule of rules)
    if (planted.status === 0 || !planted.stdout.includes(rule)) {
      console.error(`the check of imports did not find a planted violation of ${rule}:\n${planted.stdout}`);
      process.exitCode = 1;
    }
};
try {
  for (const name of ['src', 'tsconfig.json', 'package.json', DIRECTIONS[0], BROWSER[0]])
    cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  plant('support/errors.ts', "export { plan } from '../engine/plan.ts';");
  plant('engine/plan.ts', "export { layoutParameters } from './layout.ts';");
  plant('engine/layout.ts', "export { plan } from './plan.ts';");
  expectFound(DIRECTIONS, ['support-imports-downward-only', 'no-cycles']);
  // deep below the library's face, in a file that no page imports itself
  plant('engine/ops/gelu.ts', "export { existsSync } from 'node:fs';");
  plant('support/suggest.ts', "export { default } from 'koffi';");
  expectFound(BROWSER, ['browsers-reach-no-module-of-node', 'browsers-reach-only-packages-that-run-there']);
  if (process.exitCode === undefined) console.log('planted violations were found');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
