/** @file Loads a model to generate with. */

import type { Backend } from '../engine/runtime/backend.ts';
import { Generator } from './generator.ts';
import { loadSession, type ModelPrograms } from './open-model.ts';
import { type GenerationExtents, type GenerationPlans, planGeneration } from './programs.ts';
import type { Weights } from './weights.ts';

/** The programs of generation. */
export function generationPrograms(extents: GenerationExtents): ModelPrograms<keyof GenerationPlans> {
  const { streams, positions } = extents;
  return {
    plan: (config, layout, target) => ({ ...planGeneration(config, layout, target, extents) }),
    purpose: `generating ${streams} texts of ${positions} tokens at once`,
    advice: 'generate fewer or shorter ones',
  };
}

/**
 * Reads weights onto a device and compiles the programs of generation.
 * @param backend opened for `extents.precision`
 * @throws UserError when the device has not enough memory, saying how much is needed, or a file is damaged.
 */
export async function loadGenerator(
  backend: Backend,
  weights: Pick<Weights, 'config' | 'load'>,
  extents: GenerationExtents,
): Promise<Generator> {
  return new Generator(await loadSession(backend, weights, generationPrograms(extents)));
}
