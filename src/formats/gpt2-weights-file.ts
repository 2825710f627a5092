/** @file `model.safetensors` of a GPT-2 in any floating type. */

import { encodeFloats, type FloatType } from './encode-floats.ts';
import { gpt2Parameters } from './gpt2-parameters.ts';
import type { Gpt2Weights } from './gpt2-weights.ts';
import type { ModelFile } from './model-file.ts';
import { elementCount, readSlices } from './parameter-slices.ts';
import { buildHeader, DTYPE_BYTES, type Dtype } from './safetensors-header.ts';

const DTYPES: Readonly<Record<FloatType, Dtype>> = { f32: 'F32', f16: 'F16', bf16: 'BF16' };

export function gpt2WeightsFile(
  { config, readInto }: Pick<Gpt2Weights, 'config' | 'readInto'>,
  type: FloatType,
): ModelFile {
  const dtype = DTYPES[type];
  const parameters = gpt2Parameters(config);
  const header = buildHeader(parameters.map((parameter) => ({ ...parameter, dtype })));
  const sizes = parameters.map((parameter) => elementCount(parameter) * DTYPE_BYTES[dtype]);
  return {
    bytes: sizes.reduce((sum, size) => sum + size, header.length),
    async *pieces() {
      yield header;
      for (const parameter of parameters)
        for await (const slice of readSlices(parameter, readInto)) yield encodeFloats(slice, type);
    },
  };
}
