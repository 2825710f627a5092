/** @file Where NCCL is, and whether it is new enough. */

import { findNvidiaLibrary, type WantedLibrary } from '../../native/cuda/find-library.ts';
import { openLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';

export interface NcclLibrary {
  /** A path, or the name the system's loader knows. */
  readonly path: string;
  /** `2.30.7` */
  readonly version: string;
}

/** The first with `ncclGetLastError`. */
const MIN_VERSION = 21300;

const WANTED: WantedLibrary = {
  names: ['libnccl.so.2'],
  variable: 'NCCL_HOME',
  pipFolders: ['nccl/lib'],
  install:
    'install it (pip install nvidia-nccl-cu13, or nvidia-nccl-cu12 for a driver older than 580; Debian, Ubuntu with the CUDA repository: apt-get install libnccl2; a cluster: module load nccl), or let NCCL_HOME name its folder',
};

/**
 * NCCL, from `NCCL_HOME` or the places that `findNvidiaLibrary` knows.
 * @throws UserError when it is in none of them, or too old, saying what to install.
 */
export async function findNccl(): Promise<NcclLibrary> {
  return describe(await findNvidiaLibrary(WANTED));
}

/** @throws UserError when the library cannot be opened or is too old. */
function describe(path: string): NcclLibrary {
  const code = new Int32Array(1);
  if (openLibrary(path).function('int32_t ncclGetVersion(int32_t *version)')(code) !== 0)
    throw new UserError(`${path} does not say which version of NCCL it is; ${WANTED.install}`);
  const version = formatVersion(code[0] ?? 0);
  if ((code[0] ?? 0) < MIN_VERSION)
    throw new UserError(
      `expected NCCL ${formatVersion(MIN_VERSION)} or newer, found ${version} (${path}); ${WANTED.install}`,
    );
  return { path, version };
}

/** `2.30.7` of 23007, as `NCCL_VERSION` of nccl.h counts; up to 2.8 the major version counted thousands. */
function formatVersion(code: number): string {
  const major = code < 10000 ? 1000 : 10000;
  return [Math.floor(code / major), Math.floor((code % major) / 100), code % 100].join('.');
}
