/** @file How the ranks of a world get the one id that NCCL joins them by. */

import type { Communicator } from '../../engine/runtime/communicator.ts';
import { UserError } from '../../support/errors.ts';
import type { LaunchedWorld } from '../launched-world.ts';

/** Fills in the id of rank 0. `make` makes an id, or the one that NCCL_COMM_ID stands for. */
export type Meeting = (make: () => Uint8Array) => Promise<Uint8Array>;

/** Over a communicator that is already there. */
export function meetOver({ rank, broadcast }: Pick<Communicator, 'rank' | 'broadcast'>): Meeting {
  return async (make) => {
    const id = make();
    if (rank !== 0) id.fill(0);
    await broadcast(id, 0);
    return id;
  };
}

/**
 * At the address of rank 0, over NCCL's own sockets: all ranks make the same id of NCCL_COMM_ID. The port is the one after
 * the launcher's, on which the launcher itself listens.
 * @throws UserError when the launcher names no such address.
 */
export function meetAtMaster({ launcher, size, masterAddress, masterPort }: LaunchedWorld): Meeting {
  return async (make) => {
    if (!process.env.NCCL_COMM_ID) {
      if (masterAddress === undefined || masterPort === undefined)
        throw new UserError(
          `${launcher} started ${size} ranks, but does not say where rank 0 is; expected MASTER_ADDR and MASTER_PORT (rank 0's machine, and a port of it that is free, as is the one after it), or NCCL_COMM_ID=ADDRESS:PORT`,
        );
      const host = masterAddress.includes(':') ? `[${masterAddress}]` : masterAddress;
      process.env.NCCL_COMM_ID = `${host}:${masterPort + 1}`;
    }
    return make();
  };
}
