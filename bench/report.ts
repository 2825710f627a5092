/** @file What a work prints, ours and the peers' alike: its last line, JSON. Here it is written and read. */

import { z } from 'zod';
import { median } from '#minillm/support/median.js';

const resultSchema = z.object({
  /** Which part of the work, where it has several. */
  part: z.string().default(''),
  /** A rate, or a time when the unit is one. */
  value: z.number(),
  unit: z.string(),
  /** Floating-point operations for one unit of a rate, where arithmetic bounds it. */
  flops: z.number().optional(),
  /** Bytes of memory read for one unit of a rate, where memory bounds it. */
  bytes: z.number().optional(),
});

const reportSchema = z.object({
  results: z.array(resultSchema),
  /** The most memory the process held. */
  peakBytes: z.number(),
});

export type Result = z.infer<typeof resultSchema>;
export type Report = z.infer<typeof reportSchema>;

/** What bounds a result from above: the cost of one unit. */
export type Cost = Pick<Result, 'flops' | 'bytes'>;

/** Prints one result: the median of its repetitions. */
export function report(values: readonly number[], unit: string, cost: Cost = {}): void {
  reportParts([{ part: '', value: median(values), unit, ...cost }]);
}

export function reportParts(results: readonly Result[], peakBytes = process.resourceUsage().maxRSS * 1024): void {
  console.log(JSON.stringify({ results, peakBytes }));
}

/** Reads the last line of what a work printed. */
export function readReport(printed: string): Report {
  return reportSchema.parse(JSON.parse(printed.trim().split('\n').at(-1) ?? ''));
}
