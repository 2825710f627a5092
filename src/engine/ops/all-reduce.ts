/** @file Sum over ranks of one gradient bucket, begun as soon as the backward pass has finished it. */

import { apply, type Operation } from '../operation.ts';
import { elements, type Tensor } from '../tensor.ts';

/** The operation itself, so that a backend can hand its launches the communicator. */
export const allReduceOperation: Operation = {
  name: 'all_reduce',
  constants: ({ updates: [bucket], attributes }) => ({
    integers: [elements((bucket as Tensor).shape), attributes.bucket ?? 0],
  }),
  flops: () => 0,
};

/**
 * bucket = Σ over ranks, in place, when `active` is not 0 (the last micro-step of a step).
 *
 * @param bucket a stretch of the gradient buffer
 * @param active int32 scalar
 * @param index the bucket's number, for whoever watches buckets complete
 */
export function allReduce(bucket: Tensor, active: Tensor, index: number): void {
  apply(bucket.graph, allReduceOperation, { inputs: [active], updates: [bucket], attributes: { bucket: index } });
}
