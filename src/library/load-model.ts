/** @file Opens a model of this machine. */

import { type DeviceOptions, openBackend } from '../backends/open.ts';
import { openWeights } from '../generate/weights.ts';
import { type ModelOptions, openTextModel, type TextModel } from './text-model.ts';

export type LoadOptions = Omit<DeviceOptions, 'precision'> & ModelOptions;

/**
 * Opens a model.
 * @param checkpoint a run folder (its newest step), a step folder, a Hugging Face folder, a model file of llm.c,
 * `untrained:PRESET` or `hf:OWNER/NAME[@REVISION]`
 * @throws UserError when there is no such model, its vocabulary is not GPT-2's, or there is not enough memory
 */
export async function loadModel(checkpoint: string, options: LoadOptions = {}): Promise<TextModel> {
  return openTextModel(await openWeights(checkpoint), options, (precision) => openBackend({ ...options, precision }));
}
