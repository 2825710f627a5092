/** @file What `minillm report` does. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exportToTrackio } from '../../report/export/trackio.ts';
import type { RunCurves } from '../../report/series/curves.ts';
import { compareWithExpected, type Verdict } from '../../report/series/expectation.ts';
import { verdictSentence } from '../../report/series/expectation-sentence.ts';
import { summaryOf } from '../../report/series/summary.ts';
import { readRuns } from '../../report/sources/read-run.ts';
import { writeReport } from '../../report/write-report.ts';
import { UserError } from '../../support/errors.ts';
import { formatCount } from '../../support/format.ts';
import { summaryTable } from './summary-table.ts';

/** The longest title, in characters, that is made of the names of several runs. */
const MAX_TITLE_LENGTH = 80;

export interface ReportFlags {
  readonly out?: string;
  readonly title?: string;
  readonly expect?: string;
  readonly references: boolean;
  readonly tokensPerStep?: number;
  readonly csv?: true;
  readonly tensorboard?: true;
  readonly trackio?: true;
  readonly json?: true;
}

/** How a run goes beside the expected curve. */
interface Expectation {
  readonly run: string;
  readonly verdicts: readonly Verdict[];
  readonly sentences: readonly string[];
}

/** Reads the runs, writes their report, and prints a table of them and what was written. */
export async function runReport(given: readonly string[], flags: ReportFlags): Promise<void> {
  const { references, csv = false, tensorboard = false } = flags;
  const runs = await readRuns(given, flags.tokensPerStep);
  const curves = await readRuns(flags.expect === undefined ? [] : [flags.expect], flags.tokensPerStep);
  const [expected] = curves.map((curve) => ({ ...curve, name: `expected: ${curve.name}` }));
  const expectations = expected ? runs.map((run) => expectationOf(run, expected)) : [];
  const title = flags.title ?? defaultTitle(runs);
  const folder = flags.out ?? (await defaultFolder(runs));
  const drawn = expected ? [...runs, expected] : runs;
  const notes = expectations.flatMap(({ run, sentences }) =>
    sentences.map((sentence) => (runs.length === 1 ? sentence : `${run}: ${sentence}`)),
  );
  const files = await writeReport(drawn, folder, { title, notes, references, csv, tensorboard });
  if (flags.trackio) for (const run of runs) await exportToTrackio(run);
  const summaries = runs.map(summaryOf);
  if (flags.json) {
    console.log(JSON.stringify({ runs: summaries, files, ...(expected ? { expectations } : {}) }));
    return;
  }
  console.log(summaryTable(drawn.map(summaryOf), references));
  console.log('');
  for (const note of notes) console.log(note);
  if (notes.length > 0) console.log('');
  for (const { name, path } of runs)
    if (!given.some((argument) => argument.endsWith(path))) console.log(`${name}: read ${path}`);
  for (const file of files) console.log(file);
}

/** @throws UserError when steps of the two are not the same. */
function expectationOf(run: RunCurves, expected: RunCurves): Expectation {
  const [ours, theirs] = [run.tokensPerStep, expected.tokensPerStep];
  if (ours !== undefined && theirs !== undefined && ours !== theirs)
    throw new UserError(
      `--expect: expected runs of ${formatCount(theirs)} tokens a step, as the curve is, found ${formatCount(ours)} in ${run.name}; give a curve of such steps`,
    );
  const verdicts = compareWithExpected(run, expected);
  const sentences =
    verdicts.length > 0
      ? verdicts.map(verdictSentence)
      : ['nothing to compare with the expected curve yet: no measurement at any of its steps'];
  return { run: run.name, verdicts, sentences };
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
