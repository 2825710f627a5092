/** @file The weights that `--checkpoint` names: those of a folder, or of a model that has not been trained. */

import { openGpt2 } from '../formats/open-gpt2.ts';
import { loadParameters } from '../model/parameters.ts';
import { PRESET_NAMES, PRESETS } from '../model/presets.ts';
import { resolveCheckpoint } from '../runs/checkpoints.ts';
import { UserError } from '../support/errors.ts';
import { initialWeights, type Weights } from './initial-weights.ts';

const UNTRAINED = 'untrained:';

/**
 * Opens what a checkpoint's name means: a run folder (its newest step), a step folder, a Hugging Face folder, a model file
 * of llm.c, or `untrained:PRESET`.
 * @param name the name to show; default: its path
 * @throws UserError when there is no such model.
 */
export async function openWeights(checkpoint: string, name?: string): Promise<Weights> {
  if (checkpoint.startsWith(UNTRAINED)) return untrained(checkpoint);
  const weights = await openGpt2(await resolveCheckpoint(checkpoint));
  const { path, config } = weights;
  const load: Weights['load'] = (session) => loadParameters(session, weights);
  return { name: name ?? path, path, config, load, close: () => weights.close() };
}

function untrained(checkpoint: string): Weights {
  const preset = PRESET_NAMES.find((name) => name === checkpoint.slice(UNTRAINED.length));
  if (preset === undefined)
    throw new UserError(
      `${checkpoint}: expected ${PRESET_NAMES.map((name) => UNTRAINED + name).join(', ')}, found another name`,
    );
  return initialWeights(checkpoint, PRESETS[preset]);
}
