/** @file The served models by what the command line names: folders of this machine, and what is made without one. */

import { basename, dirname, resolve } from 'node:path';
import { initialWeights, type Weights } from '../../../generate/initial-weights.ts';
import { requireGpt2Vocabulary } from '../../../generate/load-session.ts';
import { openWeights } from '../../../generate/weights.ts';
import { isHubModel } from '../../../hub/model-name.ts';
import { listCheckpoints } from '../../../runs/checkpoints.ts';
import { readTrainingState, type TrainingState } from '../../../runs/state.ts';
import { UserError } from '../../../support/errors.ts';
import { readCurves } from './run-curves.ts';
import type { MainModel, ModelSource, StepSource } from './served-model.ts';

/** The name of the initial weights of the main model. */
export const UNTRAINED = 'untrained';

/** A model and the run that it belongs to, if it belongs to one. */
export interface MainSource extends MainModel {
  readonly runFolder: string | undefined;
  /** Of its initial weights; undefined where no run tells. */
  readonly seed: number | undefined;
  /** Whether the run began with its seed's initial weights. */
  readonly beganUntrained: boolean;
}

/**
 * The model that `--checkpoint` names.
 * @param folder a folder, or `untrained:PRESET` @param id default: the name of the run's folder, or of the model on the hub
 * @throws UserError when there is no such model, or its vocabulary is not GPT-2's
 */
export async function mainSource(name: string, folder: string, id?: string): Promise<MainSource> {
  const weights = await openWeights(folder);
  const { path, config } = weights;
  await weights.close();
  requireGpt2Vocabulary(config, path);
  const open = (): Promise<Weights> => openWeights(path, name);
  const isFolder = !folder.startsWith(`${UNTRAINED}:`);
  const state = isFolder && isStepFolder(path) ? await stateOf(path) : undefined;
  const runFolder = state && dirname(resolve(path));
  const shown = isHubModel(name) ? (name.split('@')[0] ?? name) : isFolder ? (runFolder ?? resolve(path)) : name;
  const main: MainSource = {
    id: id ?? basename(shown),
    key: isFolder ? resolve(path) : path,
    config,
    open,
    runFolder,
    seed: state?.seed,
    beganUntrained: state !== undefined && !state.configuration.init && !state.configuration.fork,
    hasRunPage: runFolder !== undefined,
    checkpoints: () => checkpointSources(main),
    curves: () => readCurves(runFolder),
  };
  return main;
}

/**
 * The model that stands beside the main one.
 * @param compare `untrained`, or what `--checkpoint` may name @param folder where that is
 * @throws UserError as `mainSource` does, and when both would have one name
 */
export async function comparedSource(main: MainSource, compare: string, folder: string): Promise<ModelSource> {
  if (compare === UNTRAINED) return untrainedSource(main, UNTRAINED);
  const source = await mainSource(compare, folder);
  const step = source.runFolder === main.runFolder ? stepOf(source.key) : undefined;
  const id = step === undefined ? source.id : `${main.id}@${step}`;
  if (id !== main.id) return { ...source, id };
  throw new UserError(`--compare ${compare}: both models would be called ${id}; name the other with --model-name`);
}

/** The weights that the main model's training began with; of a model that no run tells of, any of its shape. */
function untrainedSource({ config, seed }: MainSource, id: string): ModelSource {
  return { id, key: UNTRAINED, config, open: async () => initialWeights(UNTRAINED, config, seed) };
}

/** Every checkpoint of the main model's run as `NAME@STEP`, in order of their steps, the untrained weights among them. */
async function checkpointSources(main: MainSource): Promise<readonly StepSource[]> {
  if (main.runFolder === undefined) return [];
  const checkpoints = (await listCheckpoints(main.runFolder)).reverse().map(({ step, path }) => ({
    ...{ step, id: `${main.id}@${step}`, key: resolve(path), config: main.config },
    open: () => openWeights(path),
  }));
  if (!main.beganUntrained || checkpoints[0]?.step === 0) return checkpoints;
  return [{ ...untrainedSource(main, `${main.id}@0`), step: 0 }, ...checkpoints];
}

/** Undefined for weights whose training this version does not know. */
async function stateOf(stepFolder: string): Promise<TrainingState | undefined> {
  try {
    return await readTrainingState(stepFolder);
  } catch (cause) {
    if (cause instanceof UserError) return undefined;
    throw cause;
  }
}

const STEP_FOLDER = /^step-(\d+)$/;
const isStepFolder = (path: string): boolean => STEP_FOLDER.test(basename(path));
const stepOf = (path: string): number => Number(STEP_FOLDER.exec(basename(path))?.[1]);
