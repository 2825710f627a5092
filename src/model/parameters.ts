/**
 * @file Moves parameters into and out of a session: from random numbers, or from and to a Hugging Face folder, in slices
 * so that no tensor is held twice.
 */

import type { Session } from '../engine/runtime/session.ts';
import { elements } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters, type ReadParameter } from '../formats/gpt2-parameters.ts';
import type { Gpt2Weights } from '../formats/gpt2-weights.ts';
import { initialise } from './initialise.ts';

/** Elements copied at once: 16 MB. */
const SLICE_ELEMENTS = 4 * 1024 * 1024;

/**
 * Reads every parameter into the session, whose layout must be that of the weights' configuration.
 * @throws UserError when a file is cut short while it is read.
 */
export async function loadParameters(session: Pick<Session<string>, 'write'>, weights: Gpt2Weights): Promise<void> {
  const buffer = new Float32Array(SLICE_ELEMENTS);
  for (const { name, shape } of weights.parameters) {
    const count = elements(shape);
    for (let start = 0; start < count; start += SLICE_ELEMENTS) {
      const slice = buffer.subarray(0, Math.min(SLICE_ELEMENTS, count - start));
      await weights.readInto(name, start, slice);
      await session.write('parameters', name, slice, start);
    }
  }
}

/** Fills the session with the parameters of a new model. */
export async function initialiseParameters(
  session: Pick<Session<string>, 'write'>,
  config: Gpt2Config,
  seed: number,
): Promise<void> {
  for (const { name, shape } of gpt2Parameters(config)) {
    const values = new Float32Array(elements(shape));
    initialise(values, name, config, seed);
    await session.write('parameters', name, values);
  }
}

/** Reads a session's parameters for `writeGpt2Folder`, with the values they have at that moment. */
export function readParameter(session: Pick<Session<string>, 'read'>): ReadParameter {
  return (name, start, target) => session.read('parameters', name, target, start);
}
