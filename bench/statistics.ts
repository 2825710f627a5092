/** @file Ratios of things that ran in turn. */

import { median } from '#minillm/support/median.js';

/** Whether less is better: a time. All else is a rate. */
export const isTime = (unit: string): boolean => unit === 's' || unit === 'ms';

/**
 * How many times faster we are: the median over the rounds of our rate divided by the peer's of the same round, so that a
 * machine that slows down in between changes nothing. Rounds that one of the two missed do not count.
 */
export function speedup(
  ours: readonly (number | undefined)[],
  peer: readonly (number | undefined)[],
  unit: string,
): number {
  const ratios = ours.flatMap((our, round) => {
    const their = peer[round];
    if (our === undefined || their === undefined) return [];
    return [isTime(unit) ? their / our : our / their];
  });
  return median(ratios);
}
