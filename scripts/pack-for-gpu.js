// Puts into .gpu/ what the tests and benchmarks of a GPU need beside the sources, for a machine that has Node but no network: the
// built package, the compiled benchmarks, and of node_modules the packages they use. There:
//   for each in node_modules dist dist-bench: ln -sfn .gpu/$each $each
//   MINILLM_TEST_GPU=1 node node_modules/vitest/vitest.mjs run test/engine/ops …   (see `test:cuda`)
//   node dist-bench/gpu/main.js
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const WANTED = ['vitest', 'koffi', '@koromix/koffi-linux-x64', ...Object.keys(packages[''].dependencies)];
/** Of packages that are only for pictures, pages and servers nothing is used. */
const UNUSED = /^(@resvg\/|@hono\/|hono$|hyparquet)/;
const UNREAD = /\.(map|md|flow|d\.[cm]?ts)$/;

/** The folder of a package as `from` sees it. */
function resolve(name, from) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    const folder = `${base}${base && '/'}node_modules/${name}`;
    if (packages[folder]) return folder;
    if (!base) return undefined;
  }
}

const folders = new Set();
function take(name, from) {
  const folder = UNUSED.test(name) ? undefined : resolve(name, from);
  if (!folder || folders.has(folder) || !existsSync(folder)) return;
  folders.add(folder);
  const { dependencies, optionalDependencies } = packages[folder];
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) take(dependency, folder);
}
for (const name of WANTED) take(name, '');

rmSync('.gpu', { recursive: true, force: true });
const filter = (path) => !UNREAD.test(path);
for (const folder of ['dist', 'dist-bench', 'bench/peers', ...folders])
  cpSync(folder, `.gpu/${folder}`, { recursive: true, filter });
