/** @file The run folder of `minillm train`, as a report reads it. */

import { stat } from 'node:fs/promises';
import { type Metrics, metricsPath, readMetrics } from '../../runs/metrics.ts';
import { readRunFacts } from '../../runs/run-facts.ts';
import { UserError } from '../../support/errors.ts';
import { exists } from '../../support/files.ts';
import { QUANTITIES, type Quantity, type RunCurves, SeriesCollector } from '../series/curves.ts';
import { measurementsOf } from '../series/measurements.ts';

/**
 * What a run has measured so far.
 * @throws UserError when the folder is no run, or one that has not measured anything yet.
 */
export async function readRunFolder(folder: string): Promise<Omit<RunCurves, 'name'>> {
  const run = await readStartedRun(folder);
  if (QUANTITIES.every((quantity) => run.series[quantity].steps.length === 0) && run.samples.length === 0)
    throw new UserError(`${metricsPath(folder)}: expected measurements, found none yet; wait for the first step`);
  return run;
}

/**
 * The same for a run that may not have measured anything yet.
 * @throws UserError when the folder is no run.
 */
export async function readStartedRun(folder: string): Promise<Omit<RunCurves, 'name'>> {
  const path = metricsPath(folder);
  if (!(await exists(path)))
    throw new UserError(
      `${folder}: expected a run folder with metrics.jsonl, or a log of build-nanogpt or llm.c, found neither; give the folder that \`minillm train --out\` wrote to, or a log file`,
    );
  const metrics = await readMetrics(folder);
  return {
    path: folder,
    ...curvesOf(metrics),
    facts: await readRunFacts(folder),
    writtenAt: (await stat(path)).mtimeMs,
  };
}

/** What the lines of a run say. */
export function curvesOf(
  metrics: readonly Metrics[],
): Pick<RunCurves, 'series' | 'samples' | 'tokensPerStep' | 'hellaswagExamples'> {
  return {
    series: collect(metrics),
    samples: metrics.flatMap((line) => (line.kind === 'sample' ? [{ step: line.step, text: line.text }] : [])),
    tokensPerStep: findTokensPerStep(metrics),
    hellaswagExamples: findHellaswagExamples(metrics),
  };
}

function collect(metrics: readonly Metrics[]): RunCurves['series'] {
  const collector = new SeriesCollector();
  for (const line of metrics)
    for (const [quantity, value] of Object.entries(measurementsOf(line)))
      collector.add(quantity as Quantity, line.step, value);
  return collector.collected();
}

/** Of the last evaluation: a resumed run may evaluate on more or fewer. */
function findHellaswagExamples(metrics: readonly Metrics[]): number | undefined {
  const totals = metrics.flatMap((line) => (line.kind === 'eval' && line.hellaswag ? [line.hellaswag.total] : []));
  return totals.at(-1);
}

/** A step's tokens are its rate times its duration. */
function findTokensPerStep(metrics: readonly Metrics[]): number | undefined {
  for (const line of metrics) {
    const tokens = line.kind === 'train' ? Math.round((line.tokensPerSecond * line.ms) / 1000) : Number.NaN;
    if (tokens > 0) return tokens;
  }
  return undefined;
}
