/** @file The programs to generate with, for a session that loads a model. */

import type { ModelPrograms } from './load-session.ts';
import { type GenerationExtents, type GenerationPlans, planGeneration } from './programs.ts';

/** The programs of generation. */
export function generationPrograms(extents: GenerationExtents): ModelPrograms<keyof GenerationPlans> {
  const { streams, positions } = extents;
  return {
    plan: (config, layout, target) => ({ ...planGeneration(config, layout, target, extents) }),
    purpose: `generating ${streams} texts of ${positions} tokens at once`,
    advice: 'generate fewer or shorter ones',
  };
}
