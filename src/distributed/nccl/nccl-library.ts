/** @file Where NCCL is: the places in which a loader, a cluster, conda and pip keep it. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';

const run = promisify(execFile);

export interface NcclLibrary {
  /** A path, or the name the system's loader knows. */
  readonly path: string;
  /** `2.30.7` */
  readonly version: string;
}

const NAME = 'libnccl.so.2';
/** The first with `ncclGetLastError`. */
const MIN_VERSION = 21300;

const SYSTEM_FOLDERS = [
  ...['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib'],
  ...['/usr/local/nccl/lib', '/usr/local/cuda/lib64', '/opt/nvidia/nccl/lib', '/opt/conda/lib'],
];

/** Prints where pip has put NVIDIA's wheels, a folder a line. */
const ASK_PYTHON =
  'import importlib.util as u; s = u.find_spec("nvidia"); print(*(s.submodule_search_locations if s else []), sep="\\n")';

const INSTALL =
  'install it (pip install nvidia-nccl-cu13, or nvidia-nccl-cu12 for a driver older than 580; Debian, Ubuntu with the CUDA repository: apt-get install libnccl2; a cluster: module load nccl), or let NCCL_HOME name its folder';

/**
 * NCCL in `NCCL_HOME`, else in the loader's path, conda's environment, the usual places of a system, or beside the Python on
 * the `PATH`.
 * @throws UserError when it is in none of them, or too old, saying what to install.
 */
export async function findNccl(): Promise<NcclLibrary> {
  const home = process.env.NCCL_HOME?.trim();
  if (home) {
    const folders = [join(home, 'lib'), join(home, 'lib64'), home];
    const path = findIn(folders);
    if (!path)
      throw new UserError(`expected ${NAME} in ${folders.join(', ')}, as NCCL_HOME says, and found none; ${INSTALL}`);
    return describe(path);
  }
  const path = findByLoader() ?? findIn([...condaFolders(), ...SYSTEM_FOLDERS]) ?? findIn(await pythonFolders());
  if (!path) throw new UserError(`${NAME} was not found; ${INSTALL}`);
  return describe(path);
}

function findIn(folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
}

function findByLoader(): string | undefined {
  try {
    openLibrary(NAME);
    return NAME;
  } catch {
    return undefined;
  }
}

function condaFolders(): string[] {
  const prefix = process.env.CONDA_PREFIX;
  return prefix ? [join(prefix, 'lib')] : [];
}

async function pythonFolders(): Promise<string[]> {
  for (const python of ['python3', 'python']) {
    try {
      const { stdout } = await run(python, ['-c', ASK_PYTHON]);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((folder) => join(folder, 'nccl', 'lib'));
    } catch {
      // there is no Python of this name
    }
  }
  return [];
}

/** @throws UserError when the library cannot be opened or is too old. */
function describe(path: string): NcclLibrary {
  const code = new Int32Array(1);
  if (openLibrary(path).function('int32_t ncclGetVersion(int32_t *version)')(code) !== 0)
    throw new UserError(`${path} does not say which version of NCCL it is; ${INSTALL}`);
  const version = formatVersion(code[0] ?? 0);
  if ((code[0] ?? 0) < MIN_VERSION)
    throw new UserError(`expected NCCL ${formatVersion(MIN_VERSION)} or newer, found ${version} (${path}); ${INSTALL}`);
  return { path, version };
}

/** `2.30.7` of 23007, as `NCCL_VERSION` of nccl.h counts; up to 2.8 the major version counted thousands. */
function formatVersion(code: number): string {
  const major = code < 10000 ? 1000 : 10000;
  return [Math.floor(code / major), Math.floor((code % major) / 100), code % 100].join('.');
}
