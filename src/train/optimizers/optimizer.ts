/**
 * @file What training asks of an optimizer: the buffers of its state, which parameters it treats alike, its update, and
 * its names in a checkpoint. The engine knows stretches of flat buffers; only the files in this folder know what is in
 * them.
 */

import type { Graph } from '../../engine/graph.ts';
import type { ParameterGroup, ParameterPlace } from '../../engine/layout.ts';
import type { ShardStretch } from '../../engine/shard.ts';
import type { OptimizerBuffer, Tensor } from '../../engine/tensor.ts';

/** Scalars of an update, on the device. */
export interface UpdateScalars {
  /** float32: what gradients are multiplied by; negative for no update. See `clipFactor`. */
  readonly factor: Tensor;
  /** float32 */
  readonly learningRate: Tensor;
  /** int32: updates made, this one included. */
  readonly updateCount: Tensor;
}

/** A flat buffer of float32 with an element for each parameter of the groups that have it. */
export interface StateBuffer {
  readonly buffer: OptimizerBuffer;
  /** In a checkpoint, what follows the parameter's name and a full stop. */
  readonly suffix: string;
}

export interface OptimizerGroup extends ParameterGroup {
  readonly state: readonly StateBuffer[];
}

export interface Optimizer {
  /** Parameters of different groups never share a bucket. */
  groupOf(parameter: { readonly name: string; readonly shape: readonly number[] }): OptimizerGroup;
  /**
   * Adds the nodes that update one stretch of the parameters, read and zero its gradients, and keep its state.
   * @param tensors those that lie in the stretch as a whole
   */
  update(graph: Graph, stretch: ShardStretch, tensors: readonly ParameterPlace[], scalars: UpdateScalars): void;
}
