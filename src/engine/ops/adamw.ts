/** @file AdamW (Loshchilov & Hutter 2019) over one stretch of the flat buffers, with the clip factor folded in. */

import { apply, type Operation } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

export interface AdamWConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay of this stretch. */
  readonly weightDecay: number;
}

const adamwUpdate: Operation = {
  name: 'adamw',
  constants: ({ updates: [parameters], attributes: a }) => ({
    integers: [elements((parameters as Tensor).shape)],
    reals: [a.beta1 ?? 0, a.beta2 ?? 0, a.epsilon ?? 0, a.weightDecay ?? 0],
  }),
  flops: (node) => 16 * elements((node.updates[0] as Tensor).shape),
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
  apply(buffers.parameters.graph, adamwUpdate, {
    inputs: [scalars.factor, scalars.learningRate, scalars.updateCount],
    updates: [buffers.parameters, buffers.gradients, buffers.firstMoments, buffers.secondMoments],
    attributes: { ...constants },
  });
}
