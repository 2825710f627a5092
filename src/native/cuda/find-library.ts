/** @file Where NVIDIA's libraries are: the places in which a toolkit, a loader, a cluster, conda and pip keep them. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../support/errors.ts';
import { openLibrary } from '../library.ts';

const run = promisify(execFile);

/** A library of NVIDIA's, and where to look for it. */
export interface WantedLibrary {
  /** File names, newest version first. */
  readonly names: readonly string[];
  /** An environment variable that names the file, or a folder that has it; it wins over all else. */
  readonly variable: string;
  /** Folders of pip's packages, below `nvidia` in a Python's packages. */
  readonly pipFolders: readonly string[];
  /** What to do where there is none. */
  readonly install: string;
}

/** A library is nowhere. */
export class LibraryNotFound extends UserError {
  override readonly name = 'LibraryNotFound';
}

const SYSTEM_FOLDERS = [
  ...['/usr/local/cuda/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'],
  ...['/usr/local/lib', '/usr/lib/wsl/lib', '/usr/local/nvidia/lib64', '/usr/local/nccl/lib', '/opt/nvidia/nccl/lib'],
  ...['/opt/cuda/lib64', '/opt/conda/lib'],
];

/** A path of a library, not of a folder. */
const FILE_NAME = /\.so(\.\d+)*$/;

/** Prints where pip has put NVIDIA's wheels, a folder a line. */
const ASK_PYTHON =
  'import importlib.util as u; s = u.find_spec("nvidia"); print(*(s.submodule_search_locations if s else []), sep="\\n")';

/**
 * The path of a library, or the name under which the loader knows it: from its variable, else `CUDA_HOME` or `CUDA_PATH`, the
 * loader's path, conda's environment, the usual places of a system, or beside the Python on the `PATH`.
 * @param newest the newest major version that will do: that of the driver
 * @throws LibraryNotFound when it is in none of them, saying what to install.
 */
export async function findNvidiaLibrary(wanted: WantedLibrary, newest = Number.POSITIVE_INFINITY): Promise<string> {
  const { variable, pipFolders, install } = wanted;
  const names = wanted.names.filter((name) => Number(name.split('.').at(-1)) <= newest);
  const named = process.env[variable]?.trim();
  if (named) {
    const isFile = FILE_NAME.test(named);
    const folders = [join(named, 'lib'), join(named, 'lib64'), named];
    const path = isFile ? (existsSync(named) ? named : undefined) : findIn(folders, names);
    if (path) return path;
    const expected = isFile ? `the library ${named}` : `${names.join(' or ')} in ${folders.join(', ')}`;
    throw new LibraryNotFound(`expected ${expected}, as ${variable} says, and found none; ${install}`);
  }
  const path =
    findIn(toolkitFolders(), names) ??
    findByLoader(names) ??
    findIn([...condaFolders(), ...SYSTEM_FOLDERS], names) ??
    findIn(await pythonFolders(pipFolders), names);
  if (path) return path;
  throw new LibraryNotFound(`${names.join(' or ')} was not found; ${install}`);
}

function findIn(folders: readonly string[], names: readonly string[]): string | undefined {
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

function findByLoader(names: readonly string[]): string | undefined {
  return names.find((name) => {
    try {
      openLibrary(name);
      return true;
    } catch {
      return false;
    }
  });
}

function toolkitFolders(): string[] {
  return [process.env.CUDA_HOME, process.env.CUDA_PATH]
    .flatMap((home) => home || [])
    .flatMap((home) => [join(home, 'lib64'), join(home, 'lib'), join(home, 'targets/x86_64-linux/lib')]);
}

function condaFolders(): string[] {
  const prefix = process.env.CONDA_PREFIX;
  return prefix ? [join(prefix, 'lib')] : [];
}

async function pythonFolders(pipFolders: readonly string[]): Promise<string[]> {
  if (pipFolders.length === 0) return [];
  for (const python of ['python3', 'python']) {
    try {
      const { stdout } = await run(python, ['-c', ASK_PYTHON]);
      const packages = stdout.split('\n').filter(Boolean);
      return packages.flatMap((folder) => pipFolders.map((each) => join(folder, each)));
    } catch {
      // there is no Python of this name
    }
  }
  return [];
}
