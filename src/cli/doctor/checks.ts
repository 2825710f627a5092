/** @file What `minillm doctor` checks. Each check says what it found and, where something is missing, what to do. */

import { writeFile } from 'node:fs/promises';
import { cpus, freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type CpuObstacle, findCpuObstacle } from '../../backends/cpu/find-obstacle.ts';
import { detectVariant, openKernels } from '../../backends/cpu/libraries.ts';
import { chooseVariant, runnableVariants } from '../../backends/cpu/variants.ts';
import { openWasmInNode } from '../../backends/wasm/open-in-node.ts';
import { findMpi } from '../../distributed/mpi/mpi-compiler.ts';
import { type Compiler, CompilerError, invoke, lookForCompiler } from '../../native/compiler.ts';
import { BUILD_PREFIX, listLibraries } from '../../native/kept-library.ts';
import { findCache } from '../../support/cache.ts';
import { messageOf } from '../../support/errors.ts';
import { formatBytes, formatDuration } from '../../support/format.ts';
import { processorCount, processorQuota } from '../../support/processors.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../support/temporary-folder.ts';
import { checkGpus } from './gpu-checks.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do if it is not ok or could be better. */
  readonly advice?: string;
}

const NODE_NEEDED = [20, 19] as const;
const PROBE = `
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
double probe(double x) { return sqrt(x) + (double)strlen("x"); }
`;

/** All checks, each after those it depends on; with `build` the kernels are compiled last. */
export async function* checkMachine(build: boolean): AsyncGenerator<Check> {
  yield checkNode(process.versions.node);
  yield checkPlatform(process.platform, process.arch);
  yield {
    name: 'processor',
    ok: true,
    found: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${describeThreads(processorCount(), processorQuota())}`,
  };
  yield checkMemory();
  if (process.platform !== 'win32') yield { name: 'MPI', ok: true, found: await findMpi() };
  if (process.platform === 'linux') yield* checkGpus(build);
  const compiler = await lookForCompiler();
  const obstacle = await findCpuObstacle('fp32');
  yield checkCompiler(compiler, obstacle, build);
  yield await checkWasm(obstacle);
  if (process.platform === 'win32') return;
  const cache = await checkCache(build);
  yield cache;
  if (obstacle || !cache.ok) return;
  if (compiler) {
    const toolchain = await checkToolchain(compiler);
    yield toolchain;
    if (!toolchain.ok) return;
  }
  const instructionSets = await attempt('instruction sets', describeVariants);
  yield instructionSets;
  if (build && instructionSets.ok) yield await attempt('kernels', buildKernels);
}

/** There need be none, but for `--build`. */
function checkCompiler(compiler: Compiler | undefined, obstacle: CpuObstacle | undefined, build: boolean): Check {
  const name = 'C compiler';
  if (obstacle) return { name, ok: !build, found: obstacle.found, advice: `to train faster, ${obstacle.advice}` };
  if (!compiler) return { name, ok: true, found: 'none, but one has built the kernels that the cache holds' };
  const { command, args, version } = compiler;
  return { name, ok: true, found: `${[command, ...args].join(' ')}, ${version.split('\n')[0]}` };
}

/** How the kernels run in WebAssembly, and when they do. */
async function checkWasm(obstacle: CpuObstacle | undefined): Promise<Check> {
  const check = await attempt('WebAssembly', async () => {
    const backend = await openWasmInNode({ threads: processorCount() });
    const { description } = backend;
    const { total } = backend.memory();
    await backend.close();
    const use = obstacle ? 'unless there is a GPU' : 'with --device wasm';
    return `${description.replace(/^WebAssembly, /, '')}, up to ${formatBytes(total)}; used ${use}`;
  });
  return { ...check, ok: check.ok || obstacle === undefined };
}

/** A version such as `20.19.0`. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
  const advice = `install Node.js ${NODE_NEEDED.join('.')} or newer from nodejs.org`;
  return { name: 'Node.js', ok, found: version, ...(ok ? {} : { advice }) };
}

/** The names of Node.js: `linux`, `x64`. */
export function checkPlatform(platform: string, architecture: string): Check {
  const found = `${platform} ${release()}, ${architecture}`;
  if (platform === 'linux' || platform === 'darwin') return { name: 'system', ok: true, found };
  if (platform === 'win32')
    return { name: 'system', ok: true, found, advice: 'native kernels, GPUs and MPI need WSL2 (wsl --install)' };
  return { name: 'system', ok: false, found, advice: 'use Linux, macOS or Windows' };
}

/** `2 threads (quota 1.5 CPUs)`: how many start by default, and the quota of a container. */
export function describeThreads(count: number, quota: number | undefined): string {
  return `${formatted(count, 'thread')}${quota === undefined ? '' : ` (quota ${formatted(quota, 'CPU')})`}`;
}

const formatted = (count: number, unit: string): string =>
  `${Number(count.toFixed(2))} ${unit}${count === 1 ? '' : 's'}`;

function checkMemory(): Check {
  const total = Math.min(totalmem(), process.constrainedMemory() || totalmem());
  const available = process.availableMemory?.() ?? freemem();
  return { name: 'memory', ok: true, found: `${formatBytes(total)}, ${formatBytes(available)} available` };
}

/** A check that finds what `look` returns, or fails with the message of what it throws. */
async function attempt(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, found: await look() };
  } catch (cause) {
    return {
      name,
      ok: false,
      found: messageOf(cause)
        .trim()
        .replace(/\s*\n\s*/g, ' '),
    };
  }
}

/** Where the cache is and what it holds, or why it is not used, which is a failure with `build`. */
async function checkCache(build: boolean): Promise<Check> {
  const name = 'kernel cache';
  let advice: string | undefined;
  const check = await attempt(name, async () => {
    const { folder, isWritable, problem } = await findCache();
    advice = problem?.advice;
    if (problem) return `${problem.found}, so a temporary one is used and every process compiles again`;
    const built = (await listLibraries(folder)).join(', ');
    return `${folder}${isWritable ? '' : ' (read only)'}, ${built ? `holds ${built}` : 'nothing compiled yet'}`;
  });
  return advice ? { ...check, ok: !build, advice } : check;
}

/** Compiles and links a few lines with the headers of the kernels; the check is named after what is missing. */
async function checkToolchain(compiler: Compiler): Promise<Check> {
  const name = 'C toolchain';
  try {
    await compileProbe(compiler);
    return { name, ok: true, found: 'a library can be compiled and linked' };
  } catch (cause) {
    if (!(cause instanceof CompilerError)) return { name, ok: false, found: messageOf(cause) };
    const { said, missing } = cause;
    if (!missing) return { name, ok: false, found: said.split('\n')[0] ?? '' };
    return { name: missing.name, ok: false, found: missing.line, advice: missing.advice };
  }
}

async function compileProbe(compiler: Compiler): Promise<void> {
  const { folder: cache, isWritable } = await findCache();
  const folder = await makeTemporaryFolder(isWritable ? join(cache, BUILD_PREFIX) : undefined);
  try {
    const source = join(folder, 'probe.c');
    await writeFile(source, PROBE);
    const args = ['-shared', '-fPIC', '-o', join(folder, 'probe.so'), source, '-lm', '-lpthread'];
    await invoke(compiler, args, folder);
  } finally {
    removeTemporaryFolder(folder);
  }
}

async function describeVariants(): Promise<string> {
  const best = await detectVariant();
  const used = chooseVariant(best, process.env.MINILLM_CPU_VARIANT);
  return `runs ${runnableVariants(best).join(', ')}; ${used} is used`;
}

async function buildKernels(): Promise<string> {
  const started = performance.now();
  const variant = chooseVariant(await detectVariant(), process.env.MINILLM_CPU_VARIANT);
  for (const precision of ['fp32', 'bf16'] as const) await openKernels(variant, precision);
  const seconds = (performance.now() - started) / 1000;
  return `${variant} in fp32 and bf16 are ready after ${formatDuration(seconds)}`;
}
