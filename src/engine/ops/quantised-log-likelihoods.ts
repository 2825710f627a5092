/** @file `logLikelihoods` with a quantised token table. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';
import { type ChosenRows, type LogLikelihoods, likelihoodShapes } from './log-likelihoods.ts';
import type { QuantisedWeight } from './quantise-weight.ts';

interface Extents {
  readonly vocabularySize: number;
  readonly top: number;
}

const quantisedLogLikelihoodsForward: Operation<Extents> = {
  name: 'quantised_log_likelihoods',
  tensors: {
    inputs: ['x', 'tokenTable', 'scales', 'rows', 'targets', 'count'],
    outputs: ['values', 'topIds', 'topValues'],
  },
  sizes: (node) => ({ channels: extent(input(node), -1), ...node.attributes }),
  flops: (node) => 2 * elements(input(node, 3).shape) * extent(input(node), -1) * node.attributes.vocabularySize,
};

/**
 * The log-probabilities of `logLikelihoods`.
 *
 * @param x_BTC activation type, the normalised last stream
 * @param tokens_CV the quantised transpose of the token table
 */
export function quantisedLogLikelihoods(
  x_BTC: Tensor,
  tokens_CV: QuantisedWeight,
  { rows_R, targets_R, count }: ChosenRows,
  top: number,
): LogLikelihoods {
  const inputs = [x_BTC, tokens_CV.copy, tokens_CV.scales, rows_R, targets_R, count];
  const outputs = likelihoodShapes(extent(rows_R, 0), top);
  const attributes = { vocabularySize: tokens_CV.outputs, top };
  const node = apply(x_BTC.graph, quantisedLogLikelihoodsForward, { inputs, outputs }, attributes);
  return { values: output(node), topIds: node.outputs[1], topValues: node.outputs[2] };
}
