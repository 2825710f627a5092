/** @file The downloaded zip as transformers reads it. */

import { test } from 'vitest';
import { elements } from '#minillm/engine/tensor.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { zipCheckpoint } from '#minillm/library/checkpoint-zip.js';
import { fillNormal } from '#minillm/support/random.js';
import { checkWithTransformers, hasTransformers } from '../../../support/transformers.ts';
import { unpack } from '../../../support/unpack.ts';

const TEXT = 'Once upon a time, Lily’s 3 dogs met a naïve 🦊.';

const CONFIG = {
  ...{ layers: 2, heads: 2, channels: 16, contextLength: 64, vocabularySize: 50257, layerNormEpsilon: 1e-5 },
};

/** Weights so large that no two tokens are about equally likely. */
function makeWeights(): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of gpt2Parameters(CONFIG)) {
    const values = new Float32Array(elements(shape));
    fillNormal(values, 0.5, 1, name);
    weights.set(name, values);
  }
  return weights;
}

test.skipIf(!hasTransformers)(
  'transformers finds the same tokens, loss and text in a downloaded zip',
  async () => {
    const zip = await zipCheckpoint('model', CONFIG, makeWeights());
    await checkWithTransformers(unpack(new Uint8Array(await zip.arrayBuffer())), TEXT);
  },
  300_000,
);
