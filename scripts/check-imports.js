// Checks the directions of imports (.dependency-cruiser.cjs), then that the check can fail: violations planted in a copy
// of the sources, one upward import and one cycle, must be found.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const cruiser = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const cruise = (cwd) => spawnSync(process.execPath, [cruiser, 'src'], { cwd, encoding: 'utf8' });

const real = cruise('.');
process.stdout.write(real.stdout + real.stderr);
if (real.status !== 0) process.exit(1);

const copy = mkdtempSync(join(tmpdir(), 'minillm-imports-'));
try {
  for (const name of ['src', 'tsconfig.json', 'package.json', '.dependency-cruiser.cjs'])
    cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  appendFileSync(join(copy, 'src/support/errors.ts'), "\nexport { plan } from '../engine/plan.ts';\n");
  appendFileSync(join(copy, 'src/engine/plan.ts'), "\nexport { layoutParameters } from './layout.ts';\n");
  appendFileSync(join(copy, 'src/engine/layout.ts'), "\nexport { plan } from './plan.ts';\n");
  const planted = cruise(copy);
  for (const rule of ['support-imports-downward-only', 'no-cycles'])
    if (planted.status === 0 || !planted.stdout.includes(rule)) {
      console.error(`the check of import directions did not find a planted violation of ${rule}:\n${planted.stdout}`);
      process.exit(1);
    }
  console.log('planted violations were found');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
