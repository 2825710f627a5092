// Packs the package as it would be published, installs the tarball in an empty project, and uses it there: the command line, each
// example against the library, in Node or as Vite builds it for a browser, its declarations without Node's types. Links of its pages must
// lead to files of the package, and nothing in it or below it may have a script that runs when it is installed.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { build } from 'vite';

const project = mkdtempSync(join(tmpdir(), 'minillm-package-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], { cwd: process.cwd() }),
  );
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', join(project, filename)]);
  checkInstallScripts();
  const help = run(join(project, 'node_modules/.bin/minillm'), ['--help']);
  if (!help.includes('quickstart')) throw new Error(`minillm --help printed:\n${help}`);
  for (const name of ['dashboard', 'playground']) {
    const page = join(project, `node_modules/minillm/dist/app/web/${name}.html`);
    if (!existsSync(page)) throw new Error(`${page}: the page is missing`);
  }

  const installed = join(project, 'node_modules/minillm');
  const maps = readdirSync(installed, { recursive: true }).filter((file) => file.endsWith('.map'));
  if (maps.length > 0) throw new Error(`the package has source maps, whose sources it has not: ${maps[0]} and others`);
  const broken = listPages(installed).flatMap(brokenLinks);
  if (broken.length > 0) throw new Error(`links that lead nowhere in the package:\n${broken.join('\n')}`);
  checkDeclarations();

  writeFileSync(join(project, 'book.txt'), readFileSync('docs/architecture.md', 'utf8').repeat(4));
  for (const example of readdirSync('examples').filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join('examples', example), 'utf8');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const script = join(project, example.replace(/\.ts$/, '.js'));
    writeFileSync(script, ts.transpileModule(source, { compilerOptions: options }).outputText);
    const printed = run(process.execPath, [script, resolve(project, 'book.txt'), '20']);
    if (!printed.includes('validation loss')) throw new Error(`${example} printed:\n${printed}`);
  }
  await buildForBrowser();
  console.log('the packed package works: --help, the pages, links, declarations and the examples');
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** Nothing may be compiled or downloaded while the package is installed. */
function checkInstallScripts() {
  const { packages } = JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8'));
  const scripted = Object.keys(packages).filter((path) => packages[path].hasInstallScript);
  if (scripted.length > 0) throw new Error(`npm would run a script to install ${scripted.join(', ')}`);
}

function listPages(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.md'));
  return files.map((file) => join(folder, file));
}

/** The links and pictures of a page that name no file. */
function brokenLinks(page) {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)];
  const files = links.map(([, link, attribute]) => (link ?? attribute).replace(/#.*$/, ''));
  return files.flatMap((file) => {
    const isThere = file === '' || /^[a-z]+:/.test(file) || existsSync(join(dirname(page), file));
    return isThere ? [] : [`${page}: ${file}`];
  });
}

/** Builds the example for a browser, which must get every module of the kernels and the script of their threads. */
async function buildForBrowser() {
  const root = join(project, 'browser');
  for (const file of ['index.html', 'main.ts']) cpSync(join('examples/browser', file), join(root, file));
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { write: false, chunkSizeWarningLimit: 1000 },
  });
  const names = output.map(({ fileName }) => fileName.replace(/-[\w-]{8}\./, '.')).sort();
  const modules = ['relaxed', 'simd128'].flatMap((variant) => [`${variant}-bf16.wasm`, `${variant}-fp32.wasm`]);
  const expected = ['index.js', ...modules, 'thread-in-browser.js'].map((name) => `assets/${name}`);
  expected.push('index.html');
  if (names.join() !== expected.join()) throw new Error(`the example for a browser is built of ${names.join(', ')}`);
}

/** Compiles a program that imports the package where there are no types but the language's own and the web's. */
function checkDeclarations() {
  const file = join(project, 'consumer.ts');
  const code = [
    "import * as minillm from 'minillm';",
    "import * as browser from 'minillm/browser';",
    'export const settings: minillm.TrainSettings = {};',
    'export const model: Promise<browser.TextModel> = browser.loadModel("model/");',
  ];
  writeFileSync(file, code.join('\n'));
  const options = { strict: true, skipLibCheck: false, types: [], noEmit: true, target: ts.ScriptTarget.ES2023 };
  const program = ts.createProgram([file], { ...options, module: ts.ModuleKind.NodeNext });
  const problems = ts.getPreEmitDiagnostics(program);
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => project, getNewLine: () => '\n' };
  if (problems.length > 0) throw new Error(`the declarations do not compile:\n${ts.formatDiagnostics(problems, host)}`);
}
