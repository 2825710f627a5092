/** @file The weights that `--checkpoint` names: those of a folder, or of a model that has not been trained. */

import type { Session } from '../engine/runtime/session.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { openGpt2Folder } from '../formats/gpt2-folder.ts';
import { initialiseParameters, loadParameters } from '../model/parameters.ts';
import { PRESET_NAMES, PRESETS } from '../model/presets.ts';
import { resolveCheckpoint } from '../runs/checkpoints.ts';
import { UserError } from '../support/errors.ts';

const UNTRAINED = 'untrained:';

/** The default seed of training. */
const SEED = 1337;

export interface Weights {
  /** The name to show. */
  readonly name: string;
  /** The folder, or the name of the untrained model. */
  readonly path: string;
  readonly config: Gpt2Config;
  /** Fills the parameters of a session whose layout is that of `config`. */
  load(session: Pick<Session<string>, 'write'>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens what a checkpoint's name means: a run folder (its newest step), a step folder, a Hugging Face folder, or
 * `untrained:PRESET`.
 * @param name the name to show; default: its path
 * @throws UserError when there is no such model.
 */
export async function openWeights(checkpoint: string, name?: string): Promise<Weights> {
  if (checkpoint.startsWith(UNTRAINED)) return untrained(checkpoint);
  const folder = await openGpt2Folder(await resolveCheckpoint(checkpoint));
  const { path, config } = folder;
  const load: Weights['load'] = (session) => loadParameters(session, folder);
  return { name: name ?? path, path, config, load, close: () => folder.close() };
}

function untrained(checkpoint: string): Weights {
  const preset = PRESET_NAMES.find((name) => name === checkpoint.slice(UNTRAINED.length));
  if (preset === undefined)
    throw new UserError(
      `${checkpoint}: expected ${PRESET_NAMES.map((name) => UNTRAINED + name).join(', ')}, found another name`,
    );
  return initialWeights(checkpoint, PRESETS[preset]);
}

/** The weights that training of a new model begins with. */
export function initialWeights(name: string, config: Gpt2Config, seed = SEED): Weights {
  const load: Weights['load'] = (session) => initialiseParameters(session, config, seed);
  return { name, path: name, config, load, close: async () => {} };
}
