/** @file The optimizer's state as one rank sees it and as all of them keep it. */

import type { Communicator } from '../engine/runtime/communicator.ts';
import type { Session } from '../engine/runtime/session.ts';
import { ownedRuns } from '../engine/shard.ts';
import type { OptimizerBuffer } from '../engine/tensor.ts';

export interface StateKeeper {
  readonly session: Pick<Session<string>, 'read' | 'layout'>;
  readonly communicator: Pick<Communicator, 'rank' | 'broadcast'>;
}

/**
 * Fills `target` with the state of a parameter from element `start` on, whichever ranks keep it. Where the state is
 * shared out, every rank must ask for the same.
 */
export async function readState(
  { session, communicator }: StateKeeper,
  buffer: OptimizerBuffer,
  name: string,
  target: Float32Array,
  start: number,
): Promise<void> {
  await session.read(buffer, name, target, start);
  const { layout } = session;
  const place = layout.places.get(name);
  if (layout.shard.size === 1 || !place) return;
  const range = { offset: place.offset + start, count: target.length };
  for (let rank = 0; rank < layout.shard.size; rank++)
    for (const run of ownedRuns(layout, buffer, range, rank)) {
      const owned = target.subarray(run.start, run.start + run.count);
      await communicator.broadcast(new Uint8Array(owned.buffer, owned.byteOffset, owned.byteLength), rank);
    }
}
