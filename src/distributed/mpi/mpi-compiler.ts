/** @file The cluster's `mpicc`, which knows where MPI's headers and library are. */

import { askCompiler, type Compiler } from '../../native/compiler.ts';
import { UserError } from '../../support/errors.ts';

/** What Debian calls the compilers of either MPI where both are installed. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'Open MPI': ['mpicc.openmpi', 'mpicc'],
  MPICH: ['mpicc.mpich', 'mpicc'],
};

const PACKAGES =
  'Debian, Ubuntu: apt-get install openmpi-bin libopenmpi-dev, or mpich libmpich-dev; Fedora: dnf install openmpi-devel; a cluster: module load an MPI';

/** The compiler of an MPI in words, for training as several ranks; or what to install. */
export async function findMpi(): Promise<string> {
  const named = process.env.MPICC?.trim() || 'mpicc';
  const compiler = await askCompiler(named, '-show');
  return compiler ? `${named}: ${compiler.version.trim()}` : `none; only for training as several ranks (${PACKAGES})`;
}

/**
 * The compiler that `MPICC` names, else the launcher's own.
 * @throws UserError when there is none, saying what to install.
 */
export async function findMpiCompiler(launcher: string): Promise<Compiler> {
  const named = process.env.MPICC?.trim();
  const candidates = named ? [named] : (NAMES[launcher] ?? ['mpicc']);
  for (const candidate of candidates) {
    const compiler = await askCompiler(candidate);
    // one name may stand for another MPI tomorrow, so what it would call counts towards the cache key
    const calls = compiler && (await askCompiler(candidate, '-show'));
    if (compiler) return { ...compiler, version: `${compiler.version}\n${calls?.version ?? ''}` };
  }
  throw new UserError(
    `${launcher} started several ranks, which need MPI's compiler, and none was found (tried ${candidates.join(', ')}); install it (${PACKAGES}), or name it in MPICC`,
  );
}
