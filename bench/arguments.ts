/** @file The flags that every work takes, ours and the peers' alike: `--batch 4 --length 256 --precision bf16 …`. */

import { parseArgs } from 'node:util';

export interface WorkArguments {
  readonly batch: number;
  readonly length: number;
  readonly precision: 'fp32' | 'bf16';
  readonly threads: number;
  /** Timed repetitions, behind one or two that are not. */
  readonly runs: number;
}

export function workArguments(): WorkArguments {
  const { values } = parseArgs({
    options: {
      batch: { type: 'string', default: '4' },
      length: { type: 'string', default: '256' },
      precision: { type: 'string', default: 'fp32' },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '3' },
    },
  });
  return {
    batch: Number(values.batch),
    length: Number(values.length),
    precision: values.precision === 'bf16' ? 'bf16' : 'fp32',
    threads: Number(values.threads),
    runs: Number(values.runs),
  };
}

/** What a work prints: its rate (median of the runs) and the most memory its process held. */
export function report(rates: readonly number[], unit: string): void {
  const sorted = [...rates].sort((a, b) => a - b);
  const rate = sorted[Math.floor(sorted.length / 2)];
  console.log(JSON.stringify({ rate, unit, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}
