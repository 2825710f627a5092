/** @file How this process reaches the others it was started with. */

import { UserError } from '../support/errors.ts';
import { findLaunchedWorld, type LaunchedWorld } from './launched-world.ts';
import { openMpi } from './mpi/mpi.ts';
import { type NcclDevice, openNccl } from './nccl/communicator.ts';
import { meetAtMaster, meetOver } from './nccl/meeting.ts';
import type { RankCommunicator } from './rank-communicator.ts';

export interface WorldOptions {
  /** How long a rank may be silent before it counts as lost. */
  readonly timeoutSeconds: number;
  /** Opens the GPU of this rank, by its number on its machine; undefined for ranks on CPUs. */
  readonly openGpu?: (localRank: number) => Promise<NcclDevice>;
}

/**
 * Joins the ranks that were started together: over MPI, and on GPUs over NCCL. Undefined when this process was started alone.
 * @throws UserError when a launcher started several ranks that cannot reach each other.
 */
export async function openWorld({ timeoutSeconds, openGpu }: WorldOptions): Promise<RankCommunicator | undefined> {
  const launched = findLaunchedWorld(process.env);
  if (launched === undefined) return undefined;
  if (openGpu) return openGpus(launched, timeoutSeconds, openGpu);
  if (!launched.hasMpi)
    throw new UserError(
      `${launched.launcher} started ${launched.size} ranks, but brings no MPI, over which ranks on CPUs meet; start them with \`mpirun -n ${launched.size} node bin/minillm.js train …\`, \`srun --mpi=pmix node bin/minillm.js train …\`, or \`minillm train --processes ${launched.size}\` on one machine`,
    );
  return openMpi(launched, timeoutSeconds);
}

/** Ranks on GPUs meet where the launcher says that rank 0 is, else over MPI. */
async function openGpus(
  launched: LaunchedWorld,
  timeoutSeconds: number,
  openGpu: (localRank: number) => Promise<NcclDevice>,
): Promise<RankCommunicator> {
  const { rank, size, localRank } = launched;
  if (localRank !== undefined && (launched.masterAddress !== undefined || !launched.hasMpi))
    return openNccl(await openGpu(localRank), {
      rank,
      size,
      localRank,
      meeting: meetAtMaster(launched),
      timeoutSeconds,
    });
  const mpi = await openMpi(launched, timeoutSeconds);
  const meeting = meetOver(mpi);
  const nccl = await openNccl(await openGpu(mpi.localRank), {
    ...{ rank: mpi.rank, size: mpi.size, localRank: mpi.localRank, meeting, timeoutSeconds },
  });
  return {
    ...nccl,
    async close() {
      await nccl.close();
      await mpi.close();
    },
  };
}
