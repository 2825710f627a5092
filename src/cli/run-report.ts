/** @file What `minillm report` does. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunCurves } from '../report/curves.ts';
import { readRuns } from '../report/read-run.ts';
import { summaryOf } from '../report/summary.ts';
import { writeReport } from '../report/write-report.ts';
import { summaryTable } from './summary-table.ts';

export interface ReportFlags {
  readonly out?: string;
  readonly title?: string;
  readonly references: boolean;
  readonly tokensPerStep?: number;
  readonly csv?: true;
  readonly tensorboard?: true;
  readonly json?: true;
}

/** Reads the runs, writes their report, and prints where they stand and what was written. */
export async function runReport(given: readonly string[], flags: ReportFlags): Promise<void> {
  const { references, csv = false, tensorboard = false } = flags;
  const runs = await readRuns(given, flags.tokensPerStep);
  const title = flags.title ?? runs.map(({ name }) => name).join(', ');
  const folder = flags.out ?? (await defaultFolder(runs));
  const files = await writeReport(runs, folder, { title, references, csv, tensorboard });
  const summaries = runs.map(summaryOf);
  if (flags.json) {
    console.log(JSON.stringify({ runs: summaries, files }));
    return;
  }
  console.log(summaryTable(summaries, references));
  console.log('');
  for (const file of files) console.log(file);
}

async function defaultFolder(runs: readonly RunCurves[]): Promise<string> {
  const [only, ...others] = runs;
  if (!only || others.length > 0 || !(await stat(only.path)).isDirectory()) return 'report';
  return join(only.path, 'report');
}
