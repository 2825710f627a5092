/** @file Reads a model file of llm.c: `gpt2_124M.bin`, or the `model_*.bin` of its runs, in fp32 or bf16. */

import type { ByteSource } from '../../support/byte-source.ts';
import { UserError } from '../../support/errors.ts';
import { openFileSource } from '../../support/file-source.ts';
import { FLOAT_BYTES } from '../encode-floats.ts';
import { bfloat16ToFloat32 } from '../float-bits.ts';
import { type Gpt2Config, isSupportedHeadSize, SUPPORTED_HEAD_SIZES } from '../gpt2-config.ts';
import { gpt2Parameters, type ReadParameter } from '../gpt2-parameters.ts';
import type { Gpt2Checkpoint } from '../gpt2-weights.ts';
import { transposeWeights } from '../linear-weights.ts';
import { bytesOf, elementCount } from '../parameter-slices.ts';
import { HEADER_BYTES, LAYER_NORM_EPSILON, LLMC_TYPES, type LlmcType, layOut, MAGIC, VERSIONS } from './layout.ts';

/** Far above any GPT-2, so that a damaged header cannot ask for a list of a billion tensors. */
const MAX_LAYERS = 1000;
const MAX_EXTENT = 100_000_000;

/** The fields of the header behind magic and version, in their order. */
const FIELDS = ['max_seq_len', 'vocab_size', 'num_layers', 'num_heads', 'channels', 'padded_vocab_size'] as const;

interface Header {
  readonly config: Gpt2Config;
  readonly paddedVocabulary: number;
  readonly type: LlmcType;
}

/**
 * Opens a model file of llm.c.
 * @throws UserError when it is no such file, of another version, damaged, or describes a network that is not supported.
 */
export async function openLlmcModel(path: string): Promise<Gpt2Checkpoint> {
  const source = await openFileSource(path);
  try {
    const { config, paddedVocabulary, type } = await readHeader(source);
    const { places, elements } = layOut(config, paddedVocabulary);
    const elementBytes = FLOAT_BYTES[type];
    const expected = HEADER_BYTES + elements * elementBytes;
    if (source.size !== expected)
      throw new UserError(
        `${path}: expected ${expected} bytes by its header, found ${source.size}; it is cut short or damaged`,
      );
    const placeOf = new Map(places.map((place) => [place.name, place]));
    const read: ReadParameter = async (name, start, target) => {
      const position = HEADER_BYTES + ((placeOf.get(name)?.start ?? 0) + start) * elementBytes;
      if (type === 'f32') return source.read(position, bytesOf(target));
      const halves = new Uint16Array(target.length);
      await source.read(position, bytesOf(halves));
      bfloat16ToFloat32(halves, target);
    };
    const readConv1d = transposeWeights(read, places);
    const parameters = gpt2Parameters(config);
    return {
      path,
      config,
      parameters,
      async readInto(name, start, target) {
        const place = placeOf.get(name);
        if (place === undefined || start < 0 || start + target.length > elementCount(place))
          throw new RangeError(`GPT-2 has no elements ${start} to ${start + target.length} of ${name}`);
        await readConv1d(name, start, target);
      },
      close: () => source.close(),
    };
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

async function readHeader(source: ByteSource): Promise<Header> {
  const { name, size } = source;
  if (size < HEADER_BYTES)
    throw new UserError(
      `${name}: expected a model file of llm.c with a header of ${HEADER_BYTES} bytes, found ${size} bytes; of other formats name the folder of config.json and model.safetensors`,
    );
  const header = new Int32Array(HEADER_BYTES / 4);
  await source.read(0, bytesOf(header));
  const [magic, version, ...fields] = header;
  if (magic !== MAGIC)
    throw new UserError(
      `${name}: expected a model file of llm.c (magic ${MAGIC} at byte 0), found ${magic}; of other formats name the folder of config.json and model.safetensors`,
    );
  const type = LLMC_TYPES.find((each) => VERSIONS[each] === version);
  if (type === undefined)
    throw new UserError(
      `${name}: expected version 3 (fp32) or 5 (bf16) at byte 4, found ${version}; write it with a newer llm.c`,
    );
  const field = (wanted: (typeof FIELDS)[number], min = 1, max = MAX_EXTENT): number => {
    const index = FIELDS.indexOf(wanted);
    const value = fields[index] ?? 0;
    if (value >= min && value <= max) return value;
    throw new UserError(
      `${name}: expected ${wanted} at byte ${8 + 4 * index} to be from ${min} to ${max}, found ${value}; the header is damaged`,
    );
  };
  const vocabularySize = field('vocab_size');
  const config: Gpt2Config = {
    layers: field('num_layers', 1, MAX_LAYERS),
    heads: field('num_heads'),
    channels: field('channels'),
    contextLength: field('max_seq_len'),
    vocabularySize,
    layerNormEpsilon: LAYER_NORM_EPSILON,
  };
  const { heads, channels } = config;
  if (!isSupportedHeadSize(channels / heads))
    throw new UserError(`${name}: expected ${SUPPORTED_HEAD_SIZES}, found ${heads} heads in ${channels} channels`);
  return { config, paddedVocabulary: field('padded_vocab_size', vocabularySize), type };
}
