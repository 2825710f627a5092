/** @file Arithmetic of a training step, for model FLOPs utilisation (Chowdhery et al. 2022, PaLM, appendix B). */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';

/** Number of parameters, the tied head counted once. */
export function parameterCount(config: Gpt2Config): number {
  return gpt2Parameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * FLOPs of forward and backward per token: 6 for every weight of a matrix product, the head's included, and
 * 12·L·C·T for attention, counted in full although the causal half is skipped. 854,438,400 for 124M at T 1024.
 */
export function trainingFlopsPerToken(config: Gpt2Config, sequenceLength: number): number {
  const { layers, channels, vocabularySize } = config;
  const matrixWeights = 12 * layers * channels ** 2 + vocabularySize * channels;
  return 6 * matrixWeights + 12 * layers * channels * sequenceLength;
}
