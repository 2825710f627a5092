/** @file A GPT-2 124M with random weights, as every work uses it. */

import type { ParameterLayout } from '#minillm/engine/layout.js';
import type { Session } from '#minillm/engine/session.js';
import { elements } from '#minillm/engine/tensor.js';
import { initialise } from '#minillm/model/initialise.js';
import { PRESETS } from '#minillm/model/presets.js';

export const CONFIG = PRESETS['gpt2-124m'];

export function fillParameters(session: Session<string>, layout: ParameterLayout): void {
  for (const { name, shape } of layout.places.values()) {
    const values = new Float32Array(elements(shape));
    initialise(values, name, CONFIG, 1);
    session.write('parameters', name, values);
  }
}

export function randomTokens(count: number): Int32Array {
  return Int32Array.from({ length: count }, () => Math.floor(Math.random() * CONFIG.vocabularySize));
}
