/**
 * @file Where a run starts: from its own newest intact checkpoint, from another run's, from given weights, or from new
 * ones.
 */

import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sparesDevice } from '../engine/runtime/device-lost.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { readGpt2Config } from '../formats/gpt2-config-file.ts';
import { openGpt2 } from '../formats/open-gpt2.ts';
import { initialiseParameters, loadParameters } from '../model/parameters.ts';
import { listCheckpoints, resolveCheckpoint } from '../runs/checkpoints.ts';
import { readTrainingState } from '../runs/state.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { loadCheckpoint } from './checkpoint.ts';
import type { CheckpointedModel } from './checkpoint-tensors.ts';
import { DEFAULTS } from './defaults.ts';
import type { StartingPoint } from './run-store.ts';
import { differences, type RecordedSettings } from './settings.ts';

/**
 * Fills the model with what the run starts from. Where a checkpoint is damaged, the one before it is used.
 * @throws UserError when the run folder holds a run with other settings, or only damaged checkpoints.
 */
export async function begin(model: CheckpointedModel, settings: RecordedSettings): Promise<StartingPoint> {
  const { out, init, fork, seed } = settings;
  const passedOver: string[] = [];
  const checkpoints = await listCheckpoints(out);
  for (const { path } of checkpoints) {
    try {
      const { configuration } = await readTrainingState(path);
      const changed = differences(configuration, settings);
      const found = await readGpt2Config(join(path, 'config.json'));
      if (!isDeepStrictEqual(found, model.config))
        changed.unshift(`the model was ${describeModel(found)} and is ${describeModel(model.config)}`);
      if (changed.length > 0) throw new OtherSettingsError(out, changed);
      return { state: await loadCheckpoint(model, path), from: path, passedOver };
    } catch (cause) {
      if (!sparesDevice(cause) || cause instanceof OtherSettingsError) throw cause;
      passedOver.push(messageOf(cause));
    }
  }
  if (checkpoints.length > 0)
    throw new UserError(
      `${out}: none of its ${checkpoints.length} checkpoints can be read (${passedOver[0]}); give another --out to start over`,
    );
  if (fork) {
    const from = await resolveCheckpoint(fork);
    const { optimizer = DEFAULTS.optimizer } = (await readTrainingState(from)).configuration;
    if (optimizer !== settings.optimizer)
      throw new UserError(
        `${from} was trained with --optimizer ${optimizer}, whose state ${settings.optimizer} cannot continue; fork it with the same, or start from its weights alone with --init ${from}`,
      );
    return { state: await loadCheckpoint(model, from), from, passedOver };
  }
  if (init) {
    const weights = await openGpt2(await resolveCheckpoint(init));
    try {
      await loadParameters(model.session, weights);
    } finally {
      await weights.close();
    }
  } else await initialiseParameters(model.session, model.config, seed);
  return { state: undefined, from: undefined, passedOver };
}

function describeModel({ layers, heads, channels, contextLength, vocabularySize }: Gpt2Config): string {
  return `${layers} layers × ${heads} heads × ${channels} channels, context ${contextLength}, vocabulary ${vocabularySize}`;
}

class OtherSettingsError extends UserError {
  constructor(out: string, changed: readonly string[]) {
    super(
      `${out} holds a run with other settings: ${changed.join('; ')}. Give the same settings to resume it, another --out for a new run, or --fork ${out} --out OTHER to continue from it`,
    );
  }
}
