/** @file Rounds → rows of the table: medians, how many times faster, shares of the roof. */

import { median } from '#minillm/support/median.js';
import { OURS, ROOF } from './contenders.ts';
import type { Report, Result } from './report.ts';
import type { Rounds } from './rounds.ts';
import { speedup } from './statistics.ts';

export interface PeerFigures {
  readonly value: number;
  /** How many times faster than the peer we are. */
  readonly speedup: number;
  readonly peakBytes: number;
}

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** All rounds, ours. */
  readonly values: readonly number[];
  readonly peers: Readonly<Record<string, PeerFigures>>;
  /** Share of what the processor or the memory gives at most, 0 to 1. */
  readonly share?: number;
  readonly peakBytes: number;
}

/** One row for each part of the work, as our own reports name them. */
export function summarise(work: string, { reports }: Rounds): Row[] {
  const ours = reports.get(OURS) ?? [];
  const first = ours.find((report) => report !== undefined);
  const peers = [...reports].filter(([name]) => name !== OURS && name !== ROOF);
  return (first?.results ?? []).map(({ part, unit }) => {
    const values = collectValues(ours, part);
    const share = shareOfRoof(ours, reports.get(ROOF) ?? [], part);
    return {
      name: part ? `${work}, ${part}` : work,
      unit,
      value: median(present(values)),
      values: present(values),
      peers: Object.fromEntries(
        peers.flatMap(([name, theirs]) => {
          const their = collectValues(theirs, part);
          if (present(their).length === 0) return [];
          const figures = { value: median(present(their)), speedup: speedup(values, their, unit) };
          return [[name, { ...figures, peakBytes: peakBytes(theirs) }]];
        }),
      ),
      ...(Number.isNaN(share) ? {} : { share }),
      peakBytes: peakBytes(ours),
    };
  });
}

/** What was done a second, over what the roof measured in the same round allows; the median of the rounds. */
function shareOfRoof(
  ours: readonly (Report | undefined)[],
  roofs: readonly (Report | undefined)[],
  part: string,
): number {
  const shares = ours.map((report, round) => {
    const result = report && findResult(report, part);
    const roof = roofs[round]?.results[0];
    const cost = result?.flops ?? result?.bytes;
    return result && roof && cost ? (result.value * cost) / (roof.value * 1e9) : undefined;
  });
  return median(present(shares));
}

const findResult = ({ results }: Report, part: string): Result | undefined =>
  results.find((each) => each.part === part);

const collectValues = (reports: readonly (Report | undefined)[], part: string): (number | undefined)[] =>
  reports.map((report) => report && findResult(report, part)?.value);

const peakBytes = (reports: readonly (Report | undefined)[]): number =>
  median(present(reports.map((report) => report?.peakBytes)));

const present = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined);
