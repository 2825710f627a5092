/** @file AdamW (Loshchilov & Hutter 2019) over one stretch of the flat buffers, with the clip factor folded in. */

import { apply, type Operation } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

export interface AdamWConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay of this stretch. */
  readonly weightDecay: number;
  /** The gradient is scaled by min(1, gradientClip / (norm + 1e-6)); 0 turns clipping off. */
  readonly gradientClip: number;
}

const adamwUpdate: Operation = {
  name: 'adamw',
  constants: ({ updates: [parameters], attributes: a }) => ({
    integers: [elements((parameters as Tensor).shape)],
    reals: [a.beta1 ?? 0, a.beta2 ?? 0, a.epsilon ?? 0, a.weightDecay ?? 0, a.gradientClip ?? 0],
  }),
  flops: (node) => 16 * elements((node.updates[0] as Tensor).shape),
};

/**
 * Updates parameters and moments in place and zeroes the gradients. A norm that is not at most `normLimit` (a NaN is not)
 * leaves parameters and moments as they are.
 *
 * @param scalars norm, normLimit and learningRate float32, updates int32 (this one included, so at least 1)
 * @param buffers stretches of the same length of the four flat buffers
 */
export function adamw(
  scalars: {
    readonly norm: Tensor;
    readonly normLimit: Tensor;
    readonly learningRate: Tensor;
    readonly updates: Tensor;
  },
  buffers: {
    readonly parameters: Tensor;
    readonly gradients: Tensor;
    readonly firstMoments: Tensor;
    readonly secondMoments: Tensor;
  },
  constants: AdamWConstants,
): void {
  apply(buffers.parameters.graph, adamwUpdate, {
    inputs: [scalars.norm, scalars.normLimit, scalars.learningRate, scalars.updates],
    updates: [buffers.parameters, buffers.gradients, buffers.firstMoments, buffers.secondMoments],
    attributes: { ...constants },
  });
}
