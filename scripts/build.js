// Builds dist, unless it is as this script left it and nothing that it is made of has changed since.
import { execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'package.json',
  'package-lock.json',
  'scripts',
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
  'vite.config.js',
];
const STEPS = [
  'tsc -p tsconfig.build.json',
  'node scripts/copy-native-sources.js',
  'node scripts/build-wasm.js',
  'node scripts/bundle-dependencies.js',
  'vite build --logLevel warn',
  'node scripts/bundle-report-page.js',
];
/** What the last build was made of, and what it made. */
const BUILT = 'dist/.built';

const filesOf = (path) =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
const digest = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');
const hashSources = () => digest(SOURCES.flatMap(filesOf).map((file) => [file, digest(readFileSync(file, 'latin1'))]));
const listOutput = () =>
  filesOf('dist')
    .filter((file) => file !== join(BUILT))
    .map((file) => [file, statSync(file).size, statSync(file).mtimeMs]);

const sources = hashSources();
const isBuilt = () => readFileSync(BUILT, 'utf8') === digest([sources, listOutput()]);
if (!existsSync(BUILT) || !isBuilt()) {
  // else what has no source any more would stay, and be found
  rmSync('dist', { recursive: true, force: true });
  for (const step of STEPS) execSync(step, { stdio: 'inherit' });
  writeFileSync(BUILT, digest([sources, listOutput()]));
}
