/** @file AdamW (Loshchilov & Hutter 2019) over one stretch of the flat buffers, with the clip factor folded in. */

import { apply, type Operation, updated } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

export interface AdamWConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay of this stretch. */
  readonly weightDecay: number;
}

const adamwUpdate: Operation<AdamWConstants> = {
  name: 'adamw',
  tensors: {
    inputs: ['factor', 'learningRate', 'updateCount'],
    updates: ['parameters', 'gradients', 'firstMoments', 'secondMoments'],
  },
  sizes: (node) => ({ count: elements(updated(node).shape) }),
  constants: ({ attributes }) => ({ ...attributes }),
  flops: (node) => 16 * elements(updated(node).shape),
};

/**
 * Updates parameters and moments in place and zeroes the gradients. A negative factor leaves parameters and moments as they are.
 *
 * @param scalars factor (of `clipFactor`) and learningRate float32, updateCount int32 (this one included, so at least 1)
 * @param buffers stretches of the same length: of the parameters, the gradients, and both moments
 */
export function adamw(
  scalars: { readonly factor: Tensor; readonly learningRate: Tensor; readonly updateCount: Tensor },
  buffers: {
    readonly parameters: Tensor;
    readonly gradients: Tensor;
    readonly firstMoments: Tensor;
    readonly secondMoments: Tensor;
  },
  constants: AdamWConstants,
): void {
  const inputs = [scalars.factor, scalars.learningRate, scalars.updateCount];
  const updates = [buffers.parameters, buffers.gradients, buffers.firstMoments, buffers.secondMoments];
  apply(buffers.parameters.graph, adamwUpdate, { inputs, updates }, constants);
}
