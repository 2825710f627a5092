/**
 * @file Parameters of a GPT-2 in fewer bytes. int8: each matrix as I8 tensor `NAME` and F32 tensor `NAME.scale`, a scale for each
 * output channel, its largest absolute value / 127, as `--precision int8` computes with (quantise_weight.c); all else is bf16.
 */

import type { Gpt2Config } from '../../formats/gpt2-config.ts';
import { type Gpt2Parameter, gpt2Parameters } from '../../formats/gpt2-parameters.ts';
import { buildHeader, DTYPE_BYTES, type TensorShape } from '../../formats/safetensors-header.ts';
import type { SiteWeights } from '../tab/site.ts';

/** Elements read at a time: 4 MB. */
const SLICE_ELEMENTS = 2 ** 20;
const LARGEST = 127;
/** Its rows are the output channels of the head, which is tied to it. */
const EMBEDDING = 'transformer.wte.weight';
/** No product's, so its numbers are not quantised. */
const POSITIONS = 'transformer.wpe.weight';
/** Adding it to a float64 and taking it away again rounds to a whole number, halves to the even one. */
const ROUNDING = 1.5 * 2 ** 52;

/** Fills `target` with the elements from `start` on of a parameter. */
export type ReadElements = (name: string, start: number, target: Float32Array) => Promise<void>;

export interface ConvertedTensor extends TensorShape {
  /** Its bytes in order, each piece valid until the next is asked for. */
  pieces(read: ReadElements): AsyncGenerator<Uint8Array>;
}

/** The tensors that a parameter becomes, in the order of their file. */
export function convertedTensors(parameter: Gpt2Parameter, weights: SiteWeights): ConvertedTensor[] {
  const { name, shape } = parameter;
  if (weights === 'int8' && shape.length === 2 && name !== POSITIONS) return quantised(parameter);
  if (weights === 'fp32')
    return [{ name, shape, dtype: 'F32', pieces: (read) => mapped(readSlices(parameter, read), bytesOf) }];
  const convert = (slice: Float32Array): Uint8Array => bytesOf(toBfloat16(slice));
  return [{ name, shape, dtype: 'BF16', pieces: (read) => mapped(readSlices(parameter, read), convert) }];
}

/** The bytes of a file with all parameters of a model. */
export function convertedBytes(config: Gpt2Config, weights: SiteWeights): number {
  const tensors = gpt2Parameters(config).flatMap((parameter) => convertedTensors(parameter, weights));
  const bytes = tensors.map(({ dtype, shape }) =>
    shape.reduce((product, extent) => product * extent, DTYPE_BYTES[dtype]),
  );
  return bytes.reduce((sum, each) => sum + each, buildHeader(tensors).length);
}

/** The scales come first: they are known before any number can be written. */
function quantised(parameter: Gpt2Parameter): ConvertedTensor[] {
  const { name, shape } = parameter;
  const [rows = 0, columns = 0] = shape;
  const isByRow = name === EMBEDDING;
  const scales = new Float32Array(isByRow ? rows : columns);
  const channel = isByRow ? (index: number) => Math.floor(index / columns) : (index: number) => index % columns;
  return [
    {
      ...{ name: `${name}.scale`, shape: [scales.length], dtype: 'F32' },
      async *pieces(read) {
        await findScales(scales, channel, readSlices(parameter, read));
        yield bytesOf(scales);
      },
    },
    {
      ...{ name, shape, dtype: 'I8' },
      async *pieces(read) {
        let start = 0;
        for await (const slice of readSlices(parameter, read)) {
          yield bytesOf(quantise(slice, start, scales, channel));
          start += slice.length;
        }
      },
    },
  ];
}

type Channel = (index: number) => number;

async function findScales(scales: Float32Array, channel: Channel, slices: AsyncIterable<Float32Array>): Promise<void> {
  let start = 0;
  for await (const slice of slices) {
    for (let index = 0; index < slice.length; index++) {
      const [size, at] = [Math.abs(slice[index]!), channel(start + index)];
      if (size > scales[at]! || Number.isNaN(size)) scales[at] = size;
    }
    start += slice.length;
  }
  for (let at = 0; at < scales.length; at++) scales[at]! /= LARGEST;
}

/** A channel with a number that is not finite has a scale that is not, and zeros. */
function quantise(slice: Float32Array, start: number, scales: Float32Array, channel: Channel): Int8Array {
  const result = new Int8Array(slice.length);
  for (let index = 0; index < slice.length; index++) {
    const scale = scales[channel(start + index)]!;
    if (scale > 0 && Number.isFinite(scale)) result[index] = Math.fround(slice[index]! / scale) + ROUNDING - ROUNDING;
  }
  return result;
}

/** Rounds to the nearest, halves to even; what is no number stays none. */
function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index++) {
    const word = bits[index]!;
    const isNumber = (word & 0x7fffffff) <= 0x7f800000;
    result[index] = isNumber ? (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 : (word >>> 16) | 0x40;
  }
  return result;
}

async function* readSlices({ name, shape }: Gpt2Parameter, read: ReadElements): AsyncGenerator<Float32Array> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const scratch = new Float32Array(Math.min(SLICE_ELEMENTS, count));
  for (let start = 0; start < count; start += scratch.length) {
    const slice = scratch.subarray(0, Math.min(scratch.length, count - start));
    await read(name, start, slice);
    yield slice;
  }
}

async function* mapped<From, To>(items: AsyncIterable<From>, change: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield change(item);
}

const bytesOf = (array: Float32Array | Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
