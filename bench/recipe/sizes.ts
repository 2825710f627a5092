/** @file Models that two CPU cores can train, in GPT-2's proportions: heads of 64 channels. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { initialise } from '#minillm/model/initialise.js';
import { exists } from '#minillm/support/files.js';
import { VOCABULARY_SIZE } from './bytes.ts';

const size = (layers: number, channels: number): Gpt2Config => ({
  layers,
  heads: channels / 64,
  channels,
  contextLength: 256,
  vocabularySize: VOCABULARY_SIZE,
  layerNormEpsilon: 1e-5,
});

/** 1.06, 4.07 and 17.2 million parameters. */
export const SIZES = { '1m': size(5, 128), '4m': size(5, 256), '17m': size(7, 448) } as const;

export type SizeName = keyof typeof SIZES;

/** A Hugging Face folder of the initial weights of a size, for `minillm train --init`; it stays once written. */
export async function writeInitialWeights(folder: string, name: SizeName, seed: number): Promise<string> {
  const path = join(folder, `${name}-seed${seed}`);
  if (await exists(join(path, 'config.json'))) return path;
  await mkdir(folder, { recursive: true });
  const config = SIZES[name];
  const values = new Map(
    gpt2Parameters(config).map((parameter) => {
      const filled = new Float32Array(parameter.shape.reduce((product, extent) => product * extent, 1));
      initialise(filled, parameter.name, config, seed);
      return [parameter.name, filled];
    }),
  );
  await writeGpt2Folder(path, config, (parameter, start, target) => {
    target.set((values.get(parameter) as Float32Array).subarray(start, start + target.length));
  });
  return path;
}
