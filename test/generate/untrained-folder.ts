/** @file A folder of a model that has GPT-2's vocabulary and hardly anything else, and has not been trained. */

import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { initialWeights } from '#minillm/generate/initial-weights.js';

export const SMALL: Gpt2Config = {
  layers: 1,
  heads: 1,
  channels: 8,
  contextLength: 128,
  vocabularySize: 50257,
  layerNormEpsilon: 1e-5,
};

export async function writeUntrained(folder: string): Promise<void> {
  const tensors = new Map<string, Float32Array>();
  const write = async (_: string, name: string, values: Float32Array) => void tensors.set(name, values);
  await initialWeights('untrained', SMALL).load({ write });
  await writeGpt2Folder(folder, SMALL, (name, start, target) => {
    target.set(tensors.get(name)?.subarray(start, start + target.length) ?? []);
  });
}
