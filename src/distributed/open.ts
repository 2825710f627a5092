/** @file How this process reaches the others it was started with. */

import { UserError } from '../support/errors.ts';
import { findLaunchedWorld } from './launched-world.ts';
import { openMpi } from './mpi/mpi.ts';
import type { RankCommunicator } from './rank-communicator.ts';

export interface WorldOptions {
  /** How long a rank may be silent before it counts as lost. */
  readonly timeoutSeconds: number;
}

/**
 * Joins the ranks that were started together; undefined when this process was started alone.
 * @throws UserError when a launcher started several ranks that cannot reach each other.
 */
export async function openWorld({ timeoutSeconds }: WorldOptions): Promise<RankCommunicator | undefined> {
  const launched = findLaunchedWorld(process.env);
  if (launched === undefined) return undefined;
  if (!launched.hasMpi)
    throw new UserError(
      `${launched.launcher} started ${launched.size} ranks, but brings no MPI, over which ranks on CPUs meet; start them with \`mpirun -n ${launched.size} node bin/minillm.js train …\`, \`srun --mpi=pmix node bin/minillm.js train …\`, or \`minillm train --processes ${launched.size}\` on one machine`,
    );
  return openMpi(launched, timeoutSeconds);
}
