/** @file The parameters of a GPT-2 in open files of weights. */

import { UserError } from '../support/errors.ts';
import type { Gpt2Config } from './gpt2-config.ts';
import { type Gpt2Parameter, gpt2Parameters } from './gpt2-parameters.ts';
import { transposeShapes, transposeWeights } from './linear-weights.ts';
import type { SafetensorsFile } from './safetensors-reader.ts';
import { checkTiedHead, type TensorPlace } from './tied-head.ts';

/** The weights of a Hugging Face folder, where they are one file. */
export const WEIGHTS_FILE = 'model.safetensors';

const PREFIX = 'transformer.';

/** Tensors of old files that are not parameters: the causal masks, and the head, which is `wte`. */
const IGNORED = /^(transformer\.h\.\d+\.attn\.(masked_)?bias|lm_head\.weight)$/;
const HEAD = 'lm_head.weight';
const EMBEDDING = 'transformer.wte.weight';
/** Never square, so that its shape tells which way round linear weights lie. */
const FIRST_LINEAR = 'transformer.h.0.attn.c_attn.weight';
const FLOATS = ['F32', 'BF16', 'F16', 'F64'];
/** Of a matrix of int8: what its numbers are multiples of, for each output channel (its rows, in the token embedding). */
const SCALE = '.scale';

/** A GPT-2 in open files. Parameters stay in them until they are read. */
export interface Gpt2Weights {
  readonly config: Gpt2Config;
  /** Every parameter by its canonical name. */
  readonly parameters: readonly Gpt2Parameter[];
  /**
   * Fills `target` with a parameter's elements from `start` on, in row-major order.
   * @throws UserError when the file has been cut short or the range is not within the parameter.
   */
  readInto(name: string, start: number, target: Float32Array): Promise<void>;
  /** Closes the files. */
  close(): Promise<void>;
}

/** A GPT-2 in open files of this machine. */
export interface Gpt2Checkpoint extends Gpt2Weights {
  /** Its folder, or its file. */
  readonly path: string;
}

/** As much of it as another file is made of. */
export type NamedWeights = Pick<Gpt2Checkpoint, 'path' | 'config' | 'readInto'>;

/**
 * Finds the parameters of a GPT-2 in files of weights of any floating type, or int8 with scales (app/site/converted-tensors.ts),
 * named with or without `transformer.`, linear weights either way round: transformers keeps them as [in, out], nanoGPT and
 * build-nanogpt as [out, in].
 * @param name of all the files together, in errors
 * @throws UserError when the weights are not those of the configuration, or there is a head of its own; the files stay open.
 */
export async function findGpt2Weights(
  config: Gpt2Config,
  files: readonly SafetensorsFile[],
  name: string,
): Promise<Gpt2Weights> {
  const parameters = gpt2Parameters(config);
  const stored = liesTransposed(parameters, files) ? transposeShapes(parameters) : parameters;
  const places = placeParameters(name, stored, files);
  const embedding = places.get(EMBEDDING)!;
  for (const file of files)
    if (file.tensors.has(HEAD) && embedding.name !== HEAD)
      await checkTiedHead({ file, name: HEAD }, embedding, config.channels);
  const known = new Map<string, Float32Array>();
  const scalesOf = async ({ file, name }: TensorPlace): Promise<Float32Array> => {
    const scales = known.get(name) ?? (await file.read(name + SCALE));
    known.set(name, scales);
    return scales;
  };
  const read: Gpt2Weights['readInto'] = async (parameter, start, target) => {
    const place = places.get(parameter);
    if (place === undefined) throw new RangeError(`GPT-2 has no parameter ${parameter}`);
    const isScaled = place.file.tensors.get(place.name)?.dtype === 'I8';
    // before the numbers, as in the file: where it comes over a network, nothing is asked for twice
    const scales = isScaled ? await scalesOf(place) : undefined;
    await place.file.readInto(place.name, start, target);
    if (scales) multiply(target, start, scales, place, parameter);
  };
  return {
    config,
    parameters,
    readInto: stored === parameters ? read : transposeWeights(read, stored),
    async close() {
      for (const file of files) await file.close();
    },
  };
}

/** Multiplies elements of a matrix of int8, from `start` on, by the scales of their channels. */
function multiply(
  values: Float32Array,
  start: number,
  scales: Float32Array,
  { file, name }: TensorPlace,
  parameter: string,
): void {
  const columns = file.tensors.get(name)?.shape.at(-1) ?? 1;
  const isByRow = parameter === EMBEDDING;
  for (let index = 0; index < values.length; index++) {
    const at = start + index;
    values[index]! *= scales[isByRow ? Math.floor(at / columns) : at % columns]!;
  }
}

/** Whether a tensor has the scales of a matrix of int8 in the same file. */
function isScale(file: SafetensorsFile, name: string): boolean {
  return name.endsWith(SCALE) && file.tensors.get(name.slice(0, -SCALE.length))?.dtype === 'I8';
}

/** The types that a parameter may have: int8 where its scales are there. */
function typesOf(file: SafetensorsFile, name: string, shape: readonly number[], canonical: string): readonly string[] {
  const scale = file.tensors.get(name + SCALE);
  const channels = canonical === EMBEDDING ? shape[0] : shape.at(-1);
  const isScaled = shape.length === 2 && scale?.dtype === 'F32' && scale.shape.join() === String(channels);
  return isScaled ? [...FLOATS, 'I8'] : FLOATS;
}

const canonicalName = (name: string): string =>
  name.startsWith(PREFIX) || name.startsWith('lm_head.') ? name : PREFIX + name;

/** Whether the files hold linear weights as [out, in]. */
function liesTransposed(parameters: readonly Gpt2Parameter[], files: readonly SafetensorsFile[]): boolean {
  const transposed = parameters.find(({ name }) => name === FIRST_LINEAR)?.shape.toReversed();
  return files.some(({ tensors }) =>
    [...tensors].some(
      ([name, { shape }]) => canonicalName(name) === FIRST_LINEAR && shape.join() === transposed?.join(),
    ),
  );
}

/** Finds every parameter in the files, and nothing but parameters. */
function placeParameters(
  filesName: string,
  parameters: readonly Gpt2Parameter[],
  files: readonly SafetensorsFile[],
): Map<string, TensorPlace> {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const places = new Map<string, TensorPlace>();
  for (const file of files) {
    for (const [name, { dtype, shape }] of file.tensors) {
      const canonical = canonicalName(name);
      if (IGNORED.test(canonical) || isScale(file, name)) continue;
      const expected = shapes.get(canonical);
      const where = `${file.name}: tensor ${name}`;
      if (expected === undefined) throw new UserError(`${where}: the GPT-2 of config.json has no such parameter`);
      if (places.has(canonical))
        throw new UserError(`${where}: appears twice, with and without "${PREFIX}" or in two files`);
      if (shape.join() !== expected.join()) {
        throw new UserError(
          `${where}: expected shape [${expected.join(', ')}] by config.json, found [${shape.join(', ')}]`,
        );
      }
      const types = typesOf(file, name, shape, canonical);
      if (!types.includes(dtype)) throw new UserError(`${where}: expected type ${types.join(', ')}, found ${dtype}`);
      places.set(canonical, { file, name });
    }
  }
  if (!places.has(EMBEDDING)) placeTiedEmbedding(places, shapes.get(EMBEDDING) ?? [], files);
  const missing = parameters.filter(({ name }) => !places.has(name));
  if (missing[0] !== undefined) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    throw new UserError(
      `${filesName}: expected tensor ${missing[0].name} [${missing[0].shape.join(', ')}]${others}, found none`,
    );
  }
  return places;
}

/** safetensors' `save_model` keeps one of two names of a tensor, and of these the head's. */
function placeTiedEmbedding(
  places: Map<string, TensorPlace>,
  shape: readonly number[],
  files: readonly SafetensorsFile[],
): void {
  for (const file of files) {
    const head = file.tensors.get(HEAD);
    if (head?.shape.join() === shape.join() && FLOATS.includes(head.dtype)) places.set(EMBEDDING, { file, name: HEAD });
  }
}
