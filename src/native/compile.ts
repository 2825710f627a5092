/**
 * @file C sources → shared library, compiled for this machine the first time they are needed and cached. The cache key
 * is everything the result depends on: sources, headers, compiler, flags.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../support/cache.ts';
import { UserError } from '../support/errors.ts';
import { processorCount } from '../support/processors.ts';

const run = promisify(execFile);

export interface CompileRequest {
  /** Name of the library, for the file and for messages. */
  readonly name: string;
  /** Folder of the sources; every `.h` in it counts towards the cache key. */
  readonly folder: URL;
  /** The `.c` files to compile. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
}

/** Path of the compiled library, made now unless the cache has it. Processes that start at once do not disturb each other. */
export async function compileLibrary({ name, folder, sources, flags }: CompileRequest): Promise<string> {
  const compiler = await findCompiler();
  const directory = fileURLToPath(folder);
  const headers = (await readdir(directory)).filter((file) => file.endsWith('.h')).sort();
  const hash = createHash('sha256').update(JSON.stringify([compiler.version, process.platform, process.arch, flags]));
  for (const file of [...headers, ...sources]) hash.update(file).update(await readFile(join(directory, file)));
  const { folder: cache } = await cacheFolder();
  const library = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}.so`);
  if (existsSync(library)) return library;

  // Built in a folder of its own and renamed: another process sees all of it or nothing.
  const build = await mkdtemp(join(cache, `${name}-`));
  try {
    const objects = await compileAll(compiler, directory, sources, flags, build);
    const made = join(build, 'library.so');
    await invoke(compiler, ['-shared', '-o', made, ...objects, '-lm', '-lpthread']);
    await rename(made, library);
  } finally {
    await rm(build, { recursive: true, force: true });
  }
  return library;
}

async function compileAll(
  compiler: Compiler,
  directory: string,
  sources: readonly string[],
  flags: readonly string[],
  build: string,
): Promise<string[]> {
  const objects = sources.map((source) => join(build, source.replace(/\.c$/, '.o')));
  const waiting = sources.map((source, index) => ({ source, object: objects[index] as string }));
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift())
      await invoke(compiler, [...flags, '-fPIC', '-c', join(directory, job.source), '-o', job.object]);
  };
  // all of them, so that none still writes when the folder is removed after a failure
  const workers = await Promise.allSettled(Array.from({ length: processorCount() }, worker));
  for (const outcome of workers) if (outcome.status === 'rejected') throw outcome.reason;
  return objects;
}

async function invoke({ command, args: first }: Compiler, args: readonly string[]): Promise<void> {
  try {
    await run(command, [...first, ...args]);
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? cause);
    const missing = /fatal error: '?([\w./]+\.h)'?/.exec(said)?.[1];
    throw new UserError(
      missing
        ? `${command} finds no ${missing}: the system's C headers are missing; install them (Debian, Ubuntu: apt-get install libc6-dev; Fedora: dnf install glibc-devel; Alpine: apk add musl-dev)`
        : `${command} could not compile miniLLM's kernels: ${said.trim()}`,
    );
  }
}

/** How a C compiler is called. */
export interface Compiler {
  readonly command: string;
  /** What stands before all other arguments: `gcc` for `ccache gcc`. */
  readonly args: readonly string[];
  /** What it says of itself. */
  readonly version: string;
}

/**
 * The system's C compiler: `CC`, a command and perhaps arguments, else cc, gcc or clang.
 * @throws UserError when none of them answers.
 */
export async function findCompiler(): Promise<Compiler> {
  const named = process.env.CC?.trim();
  const candidates = named ? [named] : ['cc', 'gcc', 'clang'];
  for (const candidate of candidates) {
    const [command = candidate, ...args] = candidate.split(/\s+/);
    try {
      const { stdout } = await run(command, [...args, '--version']);
      return { command, args, version: stdout };
    } catch {
      // the next one may be there
    }
  }
  throw new UserError(
    `a C compiler is needed and none was found (tried ${candidates.join(', ')}); install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install), or name one in CC`,
  );
}
