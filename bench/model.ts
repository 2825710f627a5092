/** @file A GPT-2 124M with random weights, as every work uses it. */

import type { ParameterLayout } from '#minillm/engine/layout.js';
import type { Session } from '#minillm/engine/runtime/session.js';
import { elements, type Precision } from '#minillm/engine/tensor.js';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { initialise } from '#minillm/model/initialise.js';
import { PRESETS } from '#minillm/model/presets.js';

/** Its prompt, where it is to write. */
export const PROMPT = [464, 2068, 7586, 21831];

export const CONFIG = PRESETS['gpt2-124m'];

/** How many random numbers are generated; they then repeat, at a distance that divides no row. */
const FRESH = 65_537;

/** The initial values of a parameter: always the same, and much sooner made than 124 million random numbers. */
export function initialValues(name: string, shape: readonly number[], config: Gpt2Config = CONFIG): Float32Array {
  const values = new Float32Array(elements(shape));
  initialise(values.subarray(0, FRESH), name, config, 1);
  for (let filled = FRESH; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled);
  return values;
}

export async function fillParameters(
  session: Session<string>,
  layout: ParameterLayout,
  config: Gpt2Config = CONFIG,
): Promise<void> {
  for (const { name, shape } of layout.places.values())
    await session.write('parameters', name, initialValues(name, shape, config));
}

export function randomTokens(count: number): Int32Array {
  return Int32Array.from({ length: count }, () => Math.floor(Math.random() * CONFIG.vocabularySize));
}

/** Small values of either sign. */
export function randomValues(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => 0.1 * (Math.random() - 0.5));
}

/** Activations as a program's input block takes them: bfloat16 travels two to a float32. */
export function randomActivations(count: number, precision: Precision): Float32Array {
  const values = randomValues(count);
  if (precision === 'fp32') return values;
  const bits = new Uint32Array(values.buffer);
  return new Float32Array(Uint16Array.from(bits, (each) => each >>> 16).buffer);
}
