/** @file A GPT-2 as the model file that llm.c opens: `gpt2_124M.bin` in fp32, `gpt2_124M_bf16.bin` in bf16. */

import { UserError } from '../../support/errors.ts';
import { encodeFloats, FLOAT_BYTES } from '../encode-floats.ts';
import { gpt2Parameters } from '../gpt2-parameters.ts';
import type { NamedWeights } from '../gpt2-weights.ts';
import { transposeWeights } from '../linear-weights.ts';
import type { ModelFile } from '../model-file.ts';
import { bytesOf, readSlices } from '../parameter-slices.ts';
import { HEADER_BYTES, LAYER_NORM_EPSILON, type LlmcType, layOut, MAGIC, VERSIONS } from './layout.ts';

/** llm.c's kernels want a multiple of it. */
const VOCABULARY_STEP = 128;

/** @throws UserError when the model's LayerNorms are not llm.c's. */
export function llmcModelFile({ path, config, readInto }: NamedWeights, type: LlmcType): ModelFile {
  const elementBytes = FLOAT_BYTES[type];
  const { contextLength, vocabularySize, layers, heads, channels, layerNormEpsilon } = config;
  if (layerNormEpsilon !== LAYER_NORM_EPSILON)
    throw new UserError(
      `${path}: expected a layer_norm_epsilon of ${LAYER_NORM_EPSILON}, the only one llm.c computes with, found ${layerNormEpsilon}`,
    );
  const paddedVocabulary = Math.ceil(vocabularySize / VOCABULARY_STEP) * VOCABULARY_STEP;
  const { places, elements } = layOut(config, paddedVocabulary);
  const header = new Int32Array(HEADER_BYTES / 4);
  header.set([MAGIC, VERSIONS[type], contextLength, vocabularySize, layers, heads, channels, paddedVocabulary]);
  return {
    bytes: HEADER_BYTES + elements * elementBytes,
    async *pieces() {
      yield bytesOf(header);
      const readTransposed = transposeWeights(readInto, gpt2Parameters(config));
      let written = 0;
      for (const place of places) {
        if (place.start > written) yield new Uint8Array((place.start - written) * elementBytes);
        written = place.start;
        for await (const slice of readSlices(place, readTransposed)) {
          yield encodeFloats(slice, type);
          written += slice.length;
        }
      }
    },
  };
}
