/** @file A GPT-2 as the GGUF file that llama.cpp opens. */

import { UserError } from '../../support/errors.ts';
import { VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import { type Gpt2Parameter, gpt2Parameters } from '../gpt2-parameters.ts';
import type { NamedWeights } from '../gpt2-weights.ts';
import { transposeShapes, transposeWeights } from '../linear-weights.ts';
import type { ModelFile } from '../model-file.ts';
import { elementCount, readSlices } from '../parameter-slices.ts';
import { buildGgufHeader, paddingAfter } from './header.ts';
import { gpt2Metadata } from './metadata.ts';
import { ggufName } from './tensor-names.ts';
import { type GgufType, TENSOR_TYPES, type TensorType } from './tensor-types.ts';

export interface GgufOptions {
  /** Of matrices; vectors and positions are f32, as llama.cpp's own converter leaves them. */
  readonly type: GgufType;
  /** The model's, for people. */
  readonly name: string;
}

/** @throws UserError when the vocabulary is not GPT-2's, or a row does not divide into the type's blocks. */
export function ggufFile({ path, config, readInto }: NamedWeights, { type, name }: GgufOptions): ModelFile {
  const { vocabularySize, channels } = config;
  const matrixType = TENSOR_TYPES[type];
  if (vocabularySize < VOCABULARY_SIZE)
    throw new UserError(
      `${path}: expected GPT-2's vocabulary of ${VOCABULARY_SIZE} tokens, whose tokenizer a GGUF file holds, found one of ${vocabularySize}`,
    );
  if (channels % matrixType.block !== 0)
    throw new UserError(
      `${path}: ${type} packs ${matrixType.block} channels in a block: expected a multiple of them, found ${channels}; take another type`,
    );
  const parameters = gpt2Parameters(config);
  const readTransposed = transposeWeights(readInto, parameters);
  const tensors = transposeShapes(parameters).map((parameter) => {
    const encoding = isMatrix(parameter) ? matrixType : TENSOR_TYPES.f32;
    return { parameter, encoding, bytes: encodedBytes(parameter, encoding) };
  });
  const infos = tensors.map(({ parameter, encoding, bytes }) => {
    return { name: ggufName(parameter.name), shape: parameter.shape, type: encoding.id, bytes };
  });
  const header = buildGgufHeader(gpt2Metadata(config, name, matrixType), infos);
  return {
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes + paddingAfter(bytes), header.length),
    async *pieces() {
      yield header;
      for (const { parameter, encoding, bytes } of tensors) {
        for await (const slice of readSlices(parameter, readTransposed)) yield encoding.encode(slice);
        yield new Uint8Array(paddingAfter(bytes));
      }
    },
  };
}

/** Whether it takes part in products: llama.cpp adds position embeddings to others, which are f32. */
const isMatrix = ({ name, shape }: Gpt2Parameter): boolean => shape.length === 2 && !name.endsWith('wpe.weight');

const encodedBytes = (parameter: Gpt2Parameter, { block, blockBytes }: TensorType): number =>
  (elementCount(parameter) / block) * blockBytes;
