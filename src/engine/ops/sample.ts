/**
 * @file From logits to the next token of each stream: penalties, temperature, top-k, top-p, min-p, then a draw. It gives
 * the token with its log-probability and the most likely ones with theirs, so that no row of logits leaves the device.
 */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

/** Real numbers of a row: temperature (0: the most likely token), top-p, min-p, and a uniform number in [0, 1). */
export const SAMPLING_NUMBERS = 4;

/**
 * Whole numbers of a row: ids that may be sampled (those below this; 0: leave the row out), top-k (0: all), how many of the
 * most likely tokens to give, how many ids have their logits adjusted.
 */
export const SAMPLING_COUNTS = 4;

interface Top {
  /** K, the most tokens that are given for a row. */
  readonly top: number;
}

const sampleForward: Operation<Top> = {
  name: 'sample',
  tensors: {
    inputs: ['logits', 'numbers', 'counts', 'adjustedIds', 'adjustments'],
    outputs: ['tokens', 'logprobs', 'topIds', 'topLogprobs'],
  },
  sizes: (node) => ({
    vocabularySize: extent(input(node), -1),
    top: node.attributes.top,
    maxAdjustments: extent(input(node, 3), -1),
  }),
  flops: (node) => 2 * elements(input(node).shape),
};

export interface SamplingInputs {
  /** float64 [B, 4], see `SAMPLING_NUMBERS`. */
  readonly numbers_B4: Tensor;
  /** int32 [B, 4], see `SAMPLING_COUNTS`. */
  readonly counts_B4: Tensor;
  /** int32 [B, A], different ids in a row. */
  readonly adjustedIds_BA: Tensor;
  /** float32 [B, A], added to the logits of these ids before anything else. */
  readonly adjustments_BA: Tensor;
}

export interface SampledTokens {
  /** int32 [B]; −1 where the greatest logit is not a number to sample by, and the log-probability is that logit. */
  readonly tokens: Tensor;
  /**
   * float32 [B]: log softmax of the logits as the model gives them, before adjustments and temperature, over the ids that
   * may be sampled.
   */
  readonly logprobs: Tensor;
  /** int32 and float32 [B, K]: the most likely tokens, most likely first, the lower id first in a tie. */
  readonly topIds: Tensor;
  readonly topLogprobs: Tensor;
}

/**
 * Samples a token for each row of logits. Tokens as likely as the last of top-k all stay; top-p keeps the fewest that reach
 * its sum, of equally likely ones the first; min-p those at least that part as likely as the most likely.
 *
 * @param logits_BV float32
 * @param top K ≥ 1, the most tokens that are given for a row
 */
export function sample(logits_BV: Tensor, inputs: SamplingInputs, top: number): SampledTokens {
  const batch = extent(logits_BV, 0);
  const { numbers_B4, counts_B4, adjustedIds_BA, adjustments_BA } = inputs;
  const node = apply(
    logits_BV.graph,
    sampleForward,
    {
      inputs: [logits_BV, numbers_B4, counts_B4, adjustedIds_BA, adjustments_BA],
      outputs: [
        { shape: [batch], dtype: 'int32' },
        { shape: [batch], dtype: 'float32' },
        { shape: [batch, top], dtype: 'int32' },
        { shape: [batch, top], dtype: 'float32' },
      ],
    },
    { top },
  );
  return { tokens: output(node, 0), logprobs: output(node, 1), topIds: output(node, 2), topLogprobs: output(node, 3) };
}
