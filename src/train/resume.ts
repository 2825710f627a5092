/** @file Where a run begins: at its own newest checkpoint that is whole, at another run's, at given weights, or anew. */

import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Gpt2Config, readGpt2Config } from '../formats/gpt2-config.ts';
import { openGpt2Folder } from '../formats/gpt2-folder.ts';
import { initialiseParameters, loadParameters } from '../model/parameters.ts';
import { listCheckpoints, resolveCheckpoint } from '../runs/checkpoints.ts';
import { readTrainingState, type TrainingState } from '../runs/state.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { loadCheckpoint } from './checkpoint.ts';

import { differences, type RunRecord } from './settings.ts';
import type { TrainingModel } from './training-model.ts';

export interface Beginning {
  /** Undefined for a run that begins at step 0. */
  readonly state: TrainingState | undefined;
  /** The checkpoint that is gone on from. */
  readonly from: string | undefined;
  /** Checkpoints that could not be used, and why. */
  readonly passedOver: readonly string[];
}

/**
 * Fills the model with what the run begins from. A checkpoint that is damaged is passed over for the one before it.
 * @throws UserError when the run folder holds a run with other settings, or only damaged checkpoints.
 */
export async function begin(model: TrainingModel, record: RunRecord): Promise<Beginning> {
  const { out, init, fork, seed } = record;
  const passedOver: string[] = [];
  const checkpoints = await listCheckpoints(out);
  for (const { path } of checkpoints) {
    try {
      const { configuration } = await readTrainingState(path);
      const changed = differences(configuration, record);
      const found = await readGpt2Config(join(path, 'config.json'));
      if (!isDeepStrictEqual(found, model.config))
        changed.unshift(`the model was ${sizeOf(found)} and is ${sizeOf(model.config)}`);
      if (changed.length > 0) throw new OtherRun(out, changed);
      return { state: await loadCheckpoint(model, path), from: path, passedOver };
    } catch (cause) {
      if (!(cause instanceof UserError) || cause instanceof OtherRun) throw cause;
      passedOver.push(messageOf(cause));
    }
  }
  if (checkpoints.length > 0)
    throw new UserError(
      `${out}: none of its ${checkpoints.length} checkpoints can be read (${passedOver[0]}); give another --out to begin anew`,
    );
  if (fork) {
    const from = await resolveCheckpoint(fork);
    return { state: await loadCheckpoint(model, from), from, passedOver };
  }
  if (init) {
    const folder = await openGpt2Folder(await resolveCheckpoint(init));
    try {
      await loadParameters(model.session, folder);
    } finally {
      await folder.close();
    }
  } else await initialiseParameters(model.session, model.config, seed);
  return { state: undefined, from: undefined, passedOver };
}

function sizeOf({ layers, heads, channels, contextLength, vocabularySize }: Gpt2Config): string {
  return `${layers} layers × ${heads} heads × ${channels} channels, context ${contextLength}, vocabulary ${vocabularySize}`;
}

class OtherRun extends UserError {
  constructor(out: string, changed: readonly string[]) {
    super(
      `${out} holds a run with other settings: ${changed.join('; ')}. Give the same settings to resume it, another --out for a new run, or --fork ${out} --out OTHER to go on from it`,
    );
  }
}
