/** @file What is known of a checkpoint that is published: its files, its network, and the run it is of, up to its step. */

import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DatasetDescription, readDescription } from '../../data/shards/dataset-description.ts';
import type { Gpt2Config } from '../../formats/gpt2-config.ts';
import { readGpt2Config } from '../../formats/gpt2-config-file.ts';
import { INDEX } from '../../formats/gpt2-folder.ts';
import { WEIGHTS_FILE } from '../../formats/gpt2-weights.ts';
import { isHubModel } from '../../hub/model-name.ts';
import type { RunCurves } from '../../report/series/curves.ts';
import { curvesOf } from '../../report/sources/run-folder.ts';
import { OPTIMIZER_FILE, resolveCheckpoint } from '../../runs/checkpoints.ts';
import { isBefore } from '../../runs/metric-lines.ts';
import { metricsPath, readMetrics } from '../../runs/metrics.ts';
import { readTrainingState, STATE_FILE, type TrainingState } from '../../runs/state.ts';
import { UserError } from '../../support/errors.ts';
import { exists, isFolder } from '../../support/files.ts';

/** What a run resumes from. `state.json` also names folders of this machine. */
const OF_TRAINING = [OPTIMIZER_FILE, STATE_FILE];

export interface PublishedModel {
  /** Where the weights are. */
  readonly folder: string;
  /** Names of its files that are published. */
  readonly files: readonly string[];
  readonly config: Gpt2Config;
  /** Undefined for a folder that no run has written. */
  readonly state: TrainingState | undefined;
  /** What the run had measured when it wrote the checkpoint; undefined where nothing was. */
  readonly run: MeasuredRun | undefined;
  /** Undefined where the data is not there any more, or is other data. */
  readonly dataset: DatasetDescription | undefined;
}

export interface MeasuredRun {
  readonly curves: RunCurves;
  /** The lines of `metrics.jsonl` up to the step. */
  readonly metrics: string;
}

/** @throws UserError when there is no such checkpoint, or it is damaged. */
export async function readPublishedModel(
  checkpoint: string,
  { withOptimizer }: { readonly withOptimizer: boolean },
): Promise<PublishedModel> {
  if (isHubModel(checkpoint))
    throw new UserError(`${checkpoint}: expected a checkpoint on this disk, found the name of a model of the hub`);
  const folder = await resolveCheckpoint(checkpoint);
  if (!(await isFolder(folder)))
    throw new UserError(
      `${checkpoint}: expected a folder, found a file; minillm export --to huggingface makes a folder of it`,
    );
  const config = await readGpt2Config(join(folder, 'config.json'));
  const files = await filesOf(folder, withOptimizer);
  const state = (await exists(join(folder, STATE_FILE))) ? await readTrainingState(folder) : undefined;
  return {
    folder,
    files,
    config,
    state,
    run: state && (await readRun(dirname(folder), state)),
    dataset: state && (await readDataset(state)),
  };
}

async function filesOf(folder: string, withOptimizer: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => withOptimizer || !OF_TRAINING.includes(name))
    .sort();
  const missing = withOptimizer ? OF_TRAINING.find((name) => !files.includes(name)) : undefined;
  if (missing) throw new UserError(`${folder}: expected ${missing} for --with-optimizer, found none`);
  if (files.includes(WEIGHTS_FILE) || files.includes(INDEX)) return files;
  throw new UserError(
    `${folder}: expected ${WEIGHTS_FILE}, found ${files.slice(0, 5).join(', ') || 'an empty folder'}`,
  );
}

/** The run in whose folder the step folder stands. */
async function readRun(folder: string, { step }: TrainingState): Promise<MeasuredRun | undefined> {
  if (!(await exists(metricsPath(folder)))) return undefined;
  const lines = (await readMetrics(folder)).filter((line) => isBefore(line, step));
  if (lines.length === 0) return undefined;
  const curves = { name: basename(folder), path: folder, ...curvesOf(lines), facts: undefined, writtenAt: Date.now() };
  return { curves, metrics: lines.map((line) => `${JSON.stringify(line)}\n`).join('') };
}

/** The data that the run trained on, if it still is where it was. */
async function readDataset({ configuration }: TrainingState): Promise<DatasetDescription | undefined> {
  const { data, trainTokens } = configuration;
  if (typeof data !== 'string') return undefined;
  const description = await readDescription(data);
  return description?.trainTokens === trainTokens ? description : undefined;
}
