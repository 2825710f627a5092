/**
 * @file C sources → shared library, compiled for this machine the first time they are needed and cached. The cache key
 * is everything the result depends on: sources, headers, compiler, flags.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UserError } from '../support/errors.ts';
import { cacheFolder } from './cache.ts';

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
  const { command, version } = await findCompiler();
  const directory = fileURLToPath(folder);
  const headers = (await readdir(directory)).filter((file) => file.endsWith('.h')).sort();
  const hash = createHash('sha256').update(JSON.stringify([version, process.platform, process.arch, flags]));
  for (const file of [...headers, ...sources]) hash.update(file).update(await readFile(join(directory, file)));
  const cache = await cacheFolder();
  const library = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}.so`);
  if (existsSync(library)) return library;

  // Built in a folder of its own and renamed: another process sees all of it or nothing.
  const build = await mkdtemp(join(cache, `${name}-`));
  try {
    const objects = await compileAll(command, directory, sources, flags, build);
    const made = join(build, 'library.so');
    await invoke(command, ['-shared', '-o', made, ...objects, '-lm', '-lpthread']);
    await rename(made, library);
  } finally {
    await rm(build, { recursive: true, force: true });
  }
  return library;
}

async function compileAll(
  command: string,
  directory: string,
  sources: readonly string[],
  flags: readonly string[],
  build: string,
): Promise<string[]> {
  const objects = sources.map((source) => join(build, source.replace(/\.c$/, '.o')));
  const waiting = sources.map((source, index) => ({ source, object: objects[index] as string }));
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift())
      await invoke(command, [...flags, '-fPIC', '-c', join(directory, job.source), '-o', job.object]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects;
}

async function invoke(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args);
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

/** The system's C compiler: `CC`, else cc, gcc or clang. */
export async function findCompiler(): Promise<{ readonly command: string; readonly version: string }> {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  for (const command of candidates) {
    try {
      const { stdout } = await run(command, ['--version']);
      return { command, version: stdout };
    } catch {
      // the next one may be there
    }
  }
  throw new UserError(
    `a C compiler is needed and none was found (tried ${candidates.join(', ')}); install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install), or name one in CC`,
  );
}
