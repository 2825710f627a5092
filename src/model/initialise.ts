/**
 * @file Initial weights of GPT-2: N(0, 0.02), projections into the residual stream scaled by 1/√(2·layers) (Radford et
 * al. 2019, §2.3), biases 0, LayerNorm weights 1. Made on the host, each tensor from its own stream of random numbers, so
 * they depend on the seed and the name alone.
 */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { fillNormal } from '../support/random.ts';

const STANDARD_DEVIATION = 0.02;

/** Fills `target` with the initial values of the parameter `name`. */
export function initialise(target: Float32Array, name: string, config: Gpt2Config, seed: number): void {
  if (name.endsWith('.bias')) target.fill(0);
  else if (/\.ln_[12f]\.weight$/.test(name)) target.fill(1);
  else {
    const residual = name.endsWith('.c_proj.weight') ? 1 / Math.sqrt(2 * config.layers) : 1;
    fillNormal(target, STANDARD_DEVIATION * residual, seed, name);
  }
}
