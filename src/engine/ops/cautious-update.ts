/**
 * @file A step of a weight along a direction, with cautious weight decay (Chen et al. 2025): only elements that the step
 * moves towards 0 are decayed.
 */

import { apply, input, type Operation, updated } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';
import { partSizes } from './nesterov-momentum.ts';

export interface CautiousConstants {
  /** What the direction is multiplied by, besides the learning rate. */
  readonly scale: number;
  /** Decoupled. */
  readonly weightDecay: number;
}

const cautiousUpdateStep: Operation<CautiousConstants> = {
  name: 'cautious_update',
  tensors: { inputs: ['factor', 'learningRate', 'direction'], updates: ['parameters'] },
  sizes: (node) => partSizes(input(node, 2)),
  constants: ({ attributes }) => ({ ...attributes }),
  flops: (node) => 6 * elements(updated(node).shape),
};

/**
 * p −= learningRate·(scale·u + weightDecay·p·[u·p ≥ 0]). A negative factor leaves the parameters as they are.
 *
 * @param scalars factor (of `clipFactor`) and learningRate, float32
 * @param parameters a stretch that is a weight [rows, parts·columns]
 * @param direction u, float32 [parts, rows, columns]
 */
export function cautiousUpdate(
  scalars: { readonly factor: Tensor; readonly learningRate: Tensor },
  parameters: Tensor,
  direction: Tensor,
  constants: CautiousConstants,
): void {
  const inputs = [scalars.factor, scalars.learningRate, direction];
  apply(parameters.graph, cautiousUpdateStep, { inputs, updates: [parameters] }, constants);
}
