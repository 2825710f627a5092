/**
 * @file The output head of evaluation: log-probabilities of targets at chosen rows, and the most likely tokens there. A
 * row may be chosen more than once: the last row of a context is chosen by each of its continuations. Rows that are not
 * chosen cost nothing.
 */

import type { Node } from '../graph.ts';
import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor, type TensorSpec } from '../tensor.ts';

const channels = (node: Node): number => extent(input(node), -1);
const vocabularySize = (node: Node): number => extent(input(node, 1), 0);
const chosenRows = (node: Node): number => elements(input(node, 2).shape);

interface Top {
  /** K, how many of the most likely tokens to give for each row. */
  readonly top: number;
}

const logLikelihoodsForward: Operation<Top> = {
  name: 'log_likelihoods',
  tensors: {
    inputs: ['x', 'tokenTable', 'rows', 'targets', 'count'],
    outputs: ['values', 'topIds', 'topValues'],
  },
  sizes: (node) => ({ channels: channels(node), vocabularySize: vocabularySize(node), top: node.attributes.top }),
  flops: (node) => 2 * chosenRows(node) * channels(node) * vocabularySize(node),
};

/** Values float32 [R]; the K most likely tokens, most likely first, int32 and float32 [R, K], undefined for K = 0. */
export interface LogLikelihoods {
  readonly values: Tensor;
  readonly topIds: Tensor | undefined;
  readonly topValues: Tensor | undefined;
}

/** Int32: rows [R] are indices into the B·T active rows, targets [R] token ids or −1, count a scalar. */
export interface ChosenRows {
  readonly rows_R: Tensor;
  readonly targets_R: Tensor;
  readonly count: Tensor;
}

/** The outputs for so many rows. */
export function likelihoodShapes(rows: number, top: number): readonly (TensorSpec | undefined)[] {
  return [
    { shape: [rows], dtype: 'float32' },
    top > 0 ? { shape: [rows, top], dtype: 'int32' } : undefined,
    top > 0 ? { shape: [rows, top], dtype: 'float32' } : undefined,
  ];
}

/**
 * values[i] = log softmax(x[rows[i]] · tokenTableᵀ)[targets[i]] in nats, for i below `count`; 0 where the target is −1.
 *
 * @param x_BTC activation type, the normalised last stream
 * @param tokens_VC float32, a parameter
 * @param top K, how many of the most likely tokens to give for each row
 */
export function logLikelihoods(x_BTC: Tensor, tokens_VC: Tensor, chosen: ChosenRows, top: number): LogLikelihoods {
  const inputs = [x_BTC, tokens_VC, chosen.rows_R, chosen.targets_R, chosen.count];
  const outputs = likelihoodShapes(extent(chosen.rows_R, 0), top);
  const node = apply(x_BTC.graph, logLikelihoodsForward, { inputs, outputs }, { top });
  return { values: output(node), topIds: node.outputs[1], topValues: node.outputs[2] };
}
