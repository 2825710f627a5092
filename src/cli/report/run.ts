/** @file What `minillm report` does. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exportToTrackio } from '../../report/export/trackio.ts';
import type { RunCurves } from '../../report/series/curves.ts';
import { summaryOf } from '../../report/series/summary.ts';
import { readRuns } from '../../report/sources/read-run.ts';
import { writeReport } from '../../report/write-report.ts';
import { summaryTable } from './summary-table.ts';

/** The longest title, in characters, that is made of the names of several runs. */
const MAX_TITLE_LENGTH = 80;

export interface ReportFlags {
  readonly out?: string;
  readonly title?: string;
  readonly references: boolean;
  readonly tokensPerStep?: number;
  readonly csv?: true;
  readonly tensorboard?: true;
  readonly trackio?: true;
  readonly json?: true;
}

/** Reads the runs, writes their report, and prints a table of them and what was written. */
export async function runReport(given: readonly string[], flags: ReportFlags): Promise<void> {
  const { references, csv = false, tensorboard = false } = flags;
  const runs = await readRuns(given, flags.tokensPerStep);
  const title = flags.title ?? defaultTitle(runs);
  const folder = flags.out ?? (await defaultFolder(runs));
  const files = await writeReport(runs, folder, { title, references, csv, tensorboard });
  if (flags.trackio) for (const run of runs) await exportToTrackio(run);
  const summaries = runs.map(summaryOf);
  if (flags.json) {
    console.log(JSON.stringify({ runs: summaries, files }));
    return;
  }
  console.log(summaryTable(summaries, references));
  console.log('');
  for (const { name, path } of runs)
    if (!given.some((argument) => argument.endsWith(path))) console.log(`${name}: read ${path}`);
  for (const file of files) console.log(file);
}

/** The runs' names, or their number. */
function defaultTitle(runs: readonly RunCurves[]): string {
  const names = runs.map(({ name }) => name).join(', ');
  return runs.length === 1 || names.length <= MAX_TITLE_LENGTH ? names : `${runs.length} runs`;
}

async function defaultFolder(runs: readonly RunCurves[]): Promise<string> {
  const [only, ...others] = runs;
  if (!only || others.length > 0 || !(await stat(only.path)).isDirectory()) return 'report';
  return join(only.path, 'report');
}
