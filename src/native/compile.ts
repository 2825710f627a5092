/**
 * @file C sources → shared library, compiled for this machine when first needed, and cached. Two cache keys cover everything
 * the result depends on: one the sources, headers and flags, the other the compiler. So a library outlives its compiler: one
 * built in a container image, say, that no longer has any.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, writableCacheFolder } from '../support/cache.ts';
import { fileError } from '../support/files.ts';
import { processorCount } from '../support/processors.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { type Compiler, invoke, lookForCompiler, noCompiler } from './compiler.ts';
import { BUILD_PREFIX, findKept, keep, removeStale } from './kept-library.ts';

const LIBRARY_FLAGS = ['-fPIC'];
const LINK_FLAGS = ['-shared'];
const LINKED = ['-lm', '-lpthread'];

export interface CompileRequest {
  /** Name of the library, for the file and for messages. */
  readonly name: string;
  /** Folder of the sources; every `.h` in it, and beside a source, counts towards the cache key. */
  readonly folder: URL;
  /** The `.c` files to compile, by their paths in the folder. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  /** Default: the system's C compiler. */
  readonly compiler?: Compiler;
}

/**
 * Path of the compiled library, built now unless the cache has it. Without a compiler it is what another one has built of
 * the same sources. Processes that start at the same time do not disturb each other.
 * @throws UserError when there is no compiler and nothing in the cache.
 */
export async function compileLibrary(request: CompileRequest): Promise<string> {
  const family = `${request.name}-${await sourceKey(request)}`;
  const compiler = request.compiler ?? (await lookForCompiler());
  const stem = compiler ? `${family}-${compilerKey(compiler)}` : family;
  const kept = await findKept(await cacheFolder(), stem, '.so');
  if (kept) return kept;
  if (!compiler) throw noCompiler();
  const folder = await writableCacheFolder(`kernels for this machine (${request.name})`);
  return (await findKept(folder, stem, '.so')) ?? (await build(compiler, request, folder, stem));
}

/** 16 hexadecimal digits that identify a compiler. */
function compilerKey({ command, args, version }: Compiler): string {
  return digest([command, args, version]);
}

/** 16 hexadecimal digits that identify all else that the library depends on. */
async function sourceKey({ folder, sources, flags }: CompileRequest): Promise<string> {
  const directory = fileURLToPath(folder);
  const folders = [...new Set(['.', ...sources.map((source) => dirname(source))])];
  const files = await Promise.all(
    folders.map(async (each) => (await readdir(join(directory, each))).map((file) => join(each, file))),
  );
  const headers = files
    .flat()
    .filter((file) => file.endsWith('.h'))
    .sort();
  const texts = await Promise.all([...headers, ...sources].map((file) => readFile(join(directory, file), 'utf8')));
  return digest([
    ...[process.platform, process.arch],
    ...[flags, LIBRARY_FLAGS, LINK_FLAGS, LINKED, headers, sources, texts],
  ]);
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Builds in a folder of its own: another process sees all of a library or nothing. */
async function build(compiler: Compiler, request: CompileRequest, cache: string, stem: string): Promise<string> {
  await removeStale(cache);
  const folder = await makeTemporaryFolder(join(cache, BUILD_PREFIX));
  try {
    const objects = await compileAll(compiler, request, folder);
    const made = join(folder, 'library.so');
    await invoke(compiler, [...LINK_FLAGS, '-o', made, ...objects, ...LINKED], folder);
    return await keep(made, cache, stem, '.so');
  } catch (cause) {
    throw fileError(cache, 'compile into it', cause);
  } finally {
    removeTemporaryFolder(folder);
  }
}

async function compileAll(compiler: Compiler, request: CompileRequest, folder: string): Promise<string[]> {
  const jobs = request.sources.map((source) => ({
    source: join(fileURLToPath(request.folder), source),
    object: join(folder, source.replaceAll('/', '-').replace(/\.c$/, '.o')),
  }));
  const waiting = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift())
      await invoke(compiler, [...request.flags, ...LIBRARY_FLAGS, '-c', job.source, '-o', job.object], folder);
  };
  // wait for all of them, so that none is still writing when the folder is removed after a failure
  const workers = await Promise.allSettled(Array.from({ length: processorCount() }, worker));
  for (const outcome of workers) if (outcome.status === 'rejected') throw outcome.reason;
  return jobs.map(({ object }) => object);
}
