// Compiles the C kernels for WebAssembly into dist/backends/wasm: a module for each precision, with plain and with relaxed SIMD.
// The compiler is itself a WebAssembly program of an npm package, so no other is needed; it takes some 20 s a module, so modules are
// kept in the user's cache, which outlives `npm ci`, under a name that changes with all they are made of.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { writableCacheFolder } from '../dist/support/cache.js';

const KERNELS = 'src/backends/cpu/kernels';
const TEAM = 'src/backends/wasm/team.c';
const OUTPUT = 'dist/backends/wasm';
/** After which a module that no build has used is removed from the cache. */
const UNUSED_MILLISECONDS = 30 * 86_400_000;
/** What the system gives the native kernels. */
const LEFT_OUT = ['host.c', 'team.c'];
const MAX_MEMORY_BYTES = 2 ** 32;
const STACK_BYTES = 2 ** 18;

const FLAGS = [
  ...['--target=wasm32-wasip1', '-std=gnu11', '-O3', '-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math'],
  ...['-msimd128', '-matomics', '-mbulk-memory', '-mexec-model=reactor', '-nostartfiles'],
];
const VARIANTS = { simd128: [], relaxed: ['-mrelaxed-simd'] };
const PRECISIONS = { fp32: [], bf16: ['-DMINILLM_BF16'] };

const sources = {
  ...Object.fromEntries(
    readdirSync(KERNELS)
      // file systems list in orders of their own, and every machine is to build the same bytes
      .sort()
      .filter((file) => /\.[ch]$/.test(file) && !LEFT_OUT.includes(file))
      .map((file) => [file, readFileSync(join(KERNELS, file), 'utf8')]),
  ),
  'team.c': readFileSync(TEAM, 'utf8'),
};

/** What the host calls, and looks for by name. */
function exportedNames() {
  const kernels = Object.values(sources).flatMap((text) =>
    [...text.matchAll(/^ARGUMENTS\((\w+)/gm)].map(([, name]) => name),
  );
  return [
    ...kernels.flatMap((name) => [name, `${name}_fields`]),
    ...['team_bytes', 'team_prepare', 'team_join', 'team_run', 'team_close'],
    ...['private_scratch_bytes', 'shared_scratch_bytes', '__heap_base', '__stack_pointer'],
    // else every export is a program of its own, which ends with the C library's exit
    '__wasm_call_ctors',
  ];
}

function argumentsOf({ variant, precision }) {
  const linking = [
    ...[
      '--no-entry',
      '--import-memory',
      '--shared-memory',
      `--max-memory=${MAX_MEMORY_BYTES}`,
      `-zstack-size=${STACK_BYTES}`,
    ],
    // the C library of the package is built without atomics, which nothing here that it has needs
    ...['--no-check-features', '--export-table', '--growable-table', '--gc-sections', '--strip-all'],
    ...exportedNames().map((name) => `--export=${name}`),
  ];
  return [
    ...['clang', ...FLAGS, ...VARIANTS[variant], ...PRECISIONS[precision], ...linking.map((flag) => `-Wl,${flag}`)],
    ...['-o', 'kernels.wasm', ...Object.keys(sources).filter((file) => file.endsWith('.c'))],
  ];
}

async function compile(module) {
  const { runClang } = await import('@yowasp/clang');
  const problems = [];
  const decoder = new TextDecoder();
  const stderr = (bytes) => bytes && problems.push(decoder.decode(bytes, { stream: true }));
  try {
    const { 'kernels.wasm': compiled } = await runClang(argumentsOf(module), sources, {
      stderr,
      fetchProgress: () => {},
    });
    return compiled;
  } catch (cause) {
    throw new Error(`the kernels could not be compiled for WebAssembly: ${cause}\n${problems.join('')}`);
  }
}

if (isMainThread) {
  const cache = join(await writableCacheFolder('kernels in WebAssembly'), 'wasm');
  const { version } = JSON.parse(readFileSync('node_modules/@yowasp/clang/package.json', 'utf8'));
  const modules = Object.keys(VARIANTS).flatMap((variant) =>
    Object.keys(PRECISIONS).map((precision) => {
      const hash = createHash('sha256').update(JSON.stringify([version, argumentsOf({ variant, precision }), sources]));
      return { variant, precision, cached: join(cache, `${hash.digest('hex').slice(0, 32)}.wasm`) };
    }),
  );
  mkdirSync(cache, { recursive: true });
  const missing = modules.filter(({ cached }) => !existsSync(cached));
  // each takes 1 GB while it compiles
  const next = async () => {
    for (let module = missing.shift(); module; module = missing.shift())
      // the compiler tells its progress, which nobody wants to read
      await new Promise((resolve, reject) => {
        new Worker(new URL(import.meta.url), { workerData: module, stdout: true })
          .once('error', reject)
          .once('exit', resolve);
      });
  };
  await Promise.all([next(), next()]);
  mkdirSync(OUTPUT, { recursive: true });
  for (const { variant, precision, cached } of modules) {
    copyFileSync(cached, join(OUTPUT, `${variant}-${precision}.wasm`));
    utimesSync(cached, new Date(), new Date());
  }
  for (const file of readdirSync(cache).map((name) => join(cache, name)))
    if (Date.now() - statSync(file).mtimeMs > UNUSED_MILLISECONDS) rmSync(file);
} else {
  const { cached } = workerData;
  writeFileSync(`${cached}.new`, await compile(workerData));
  renameSync(`${cached}.new`, cached);
}
