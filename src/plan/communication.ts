/** @file The time of sums over ranks: rings within a node, and between nodes for each device's share. */

import type { Hardware } from './hardware.ts';

/**
 * Seconds of a reduce-scatter, or of an all-gather, of `bytes` over `ranks`; an all-reduce takes both. Within a node a ring moves
 * (g−1)/g of the bytes over each link; between m nodes each device then moves (m−1)/m of its share, bytes/g. Latency: one
 * message for each step of the ring, and for each level of a tree between nodes.
 */
export function scatterSeconds(bytes: number, ranks: number, { devicesPerNode, link, network }: Hardware): number {
  const local = Math.min(ranks, devicesPerNode);
  const nodes = Math.ceil(ranks / devicesPerNode);
  const within = local > 1 ? ((local - 1) / local) * (bytes / link.bandwidth) + (local - 1) * link.latency : 0;
  const share = bytes / local;
  const between =
    nodes > 1 ? ((nodes - 1) / nodes) * (share / network.bandwidth) + Math.ceil(Math.log2(nodes)) * network.latency : 0;
  return within + between;
}
