/** @file What an operation tells the engine. One file in `ops/` defines an operation and, where it has one, its backward. */

import type { Graph, Node } from './graph.ts';
import type { Tensor, TensorSpec } from './tensor.ts';

/** Attributes fixed when the program is traced: sizes, constants. */
export type Attributes = Readonly<Record<string, number>>;

export interface Operation {
  /** The kernel's name in every backend. */
  readonly name: string;
  /**
   * The sizes and constants the kernel takes after its tensors (inputs, outputs, updates, workspace), in its order.
   * `integers` come before `reals`.
   */
  readonly constants: (node: Node) => { readonly integers: readonly number[]; readonly reals?: readonly number[] };
  /** Floating-point operations of one run at full extents, a multiply-add counted as two. */
  readonly flops: (node: Node) => number;
  /** Whether ranks do it together: its kernel is given the communicator, and a run with one is not ended half done. */
  readonly isCollective?: true;
  /**
   * Adds the nodes that compute the gradients of the node's inputs from those of its outputs (undefined: no gradient
   * reaches that output). Gradients of parameters are not returned but added into `graph.gradientOf(parameter)`.
   */
  readonly backward?: (node: Node, outputGradients: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];
  /**
   * For the last operation of a network, whose outputs are losses: adds the nodes that give losses and input gradients
   * in one pass, in the place of `node`. `scale` is the gradient of every loss.
   */
  readonly backwardInForward?: (
    node: Node,
    scale: Tensor,
  ) => { readonly replacement: Node; readonly inputGradients: readonly (Tensor | undefined)[] };
  /** Adds nodes that make output `index` again, cheaply, from tensors that are kept; undefined when that output must be kept. */
  readonly recompute?: (node: Node, index: number) => Tensor | undefined;
}

/** Adds a node to the graph and returns its outputs; an undefined spec leaves that output out. */
export function apply(
  graph: Graph,
  op: Operation,
  tensors: {
    readonly inputs: readonly (Tensor | undefined)[];
    readonly outputs?: readonly (TensorSpec | undefined)[];
    readonly updates?: readonly (Tensor | undefined)[];
    readonly attributes?: Attributes;
  },
): Node {
  return graph.add({
    op,
    inputs: tensors.inputs,
    outputs: (tensors.outputs ?? []).map((spec) => spec && graph.activation(spec)),
    updates: tensors.updates ?? [],
    attributes: tensors.attributes ?? {},
  });
}

/** Output `index` of a node that is known to have it. */
export function output(node: Node, index = 0): Tensor {
  const tensor = node.outputs[index];
  if (tensor === undefined) throw new RangeError(`${node.op.name} has no output ${index}`);
  return tensor;
}

/** Input `index` of a node that is known to have it. */
export function input(node: Node, index = 0): Tensor {
  const tensor = node.inputs[index];
  if (tensor === undefined) throw new RangeError(`${node.op.name} has no input ${index}`);
  return tensor;
}
