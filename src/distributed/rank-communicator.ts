/** @file What every way of reaching other ranks offers besides collectives. */

import type { Communicator } from '../engine/runtime/communicator.ts';

/** A communicator that has joined a world of several processes. */
export interface RankCommunicator extends Communicator {
  /** Ranks on this machine. */
  readonly localSize: number;
  /** The name of a rank's machine. */
  host(rank: number): string;
  /** Leaves the world in order, once every rank does. */
  close(): Promise<void>;
  /** Ends all ranks, and this process; does not return. */
  abort(): Promise<never>;
}

/**
 * The texts of all ranks, by rank.
 * @param sum sums over all ranks, in place
 * @param gather fills the bytes, one equal slice for each rank, with the slice of each
 */
export async function shareTexts(
  own: string,
  rank: number,
  size: number,
  sum: (values: Float64Array) => Promise<void>,
  gather: (bytes: Uint8Array) => Promise<void>,
): Promise<string[]> {
  const encoded = Buffer.from(own);
  const lengths = new Float64Array(size);
  lengths[rank] = encoded.length;
  await sum(lengths);
  const longest = Math.max(...lengths);
  const all = Buffer.alloc(longest * size);
  all.set(encoded, longest * rank);
  await gather(all);
  return Array.from(lengths, (length, each) => all.toString('utf8', longest * each, longest * each + length));
}
