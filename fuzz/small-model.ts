/** @file A small GPT-2 in a Hugging Face folder. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { openGpt2 } from '#minillm/formats/open-gpt2.js';
import { fillNormal } from '#minillm/support/random.js';

export const CONFIG = {
  layers: 1,
  heads: 1,
  channels: 8,
  contextLength: 4,
  vocabularySize: 10,
  layerNormEpsilon: 1e-5,
};

/** Writes config.json, model.safetensors and what stands beside them. */
export async function writeModel(folder: string): Promise<void> {
  await writeGpt2Folder(folder, CONFIG, (parameter, _, target) => fillNormal(target, 0.02, 1, parameter));
}

/** Opens a model and reads every parameter. */
export async function readModel(path: string): Promise<void> {
  const model = await openGpt2(path);
  try {
    for (const { name, shape } of model.parameters)
      await model.readInto(name, 0, new Float32Array(shape.reduce((a, b) => a * b)));
  } finally {
    await model.close();
  }
}

/** Has `make` work in a folder that is removed afterwards. */
export async function inTemporaryFolder<Result>(make: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'minillm-fuzz-'));
  try {
    return await make(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
