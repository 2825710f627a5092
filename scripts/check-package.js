// Packs the package as it would be published, installs the tarball in an empty project, and uses it there: the command line,
// and each example against the library.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const project = mkdtempSync(join(tmpdir(), 'minillm-package-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], { cwd: process.cwd() }),
  );
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', join(project, filename)]);
  const help = run(join(project, 'node_modules/.bin/minillm'), ['--help']);
  if (!help.includes('quickstart')) throw new Error(`minillm --help printed:\n${help}`);
  const page = join(project, 'node_modules/minillm/dist/app/web/dashboard/index.html');
  if (!existsSync(page)) throw new Error(`${page}: the page of the dashboard is missing`);

  writeFileSync(join(project, 'book.txt'), readFileSync('docs/architecture.md', 'utf8').repeat(4));
  for (const example of readdirSync('examples')) {
    const source = readFileSync(join('examples', example), 'utf8');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const script = join(project, example.replace(/\.ts$/, '.js'));
    writeFileSync(script, ts.transpileModule(source, { compilerOptions: options }).outputText);
    const printed = run(process.execPath, [script, resolve(project, 'book.txt'), '20']);
    if (!printed.includes('validation loss')) throw new Error(`${example} printed:\n${printed}`);
  }
  console.log('the packed package works: --help, the page of the dashboard and the examples');
} finally {
  rmSync(project, { recursive: true, force: true });
}
