/** @file What the engine knows of an operation. Each file in `ops/` defines one, with its backward rule where it has one. */

import type { Graph, Node } from './graph.ts';
import type { Tensor, TensorSpec } from './tensor.ts';

/** Numbers by the name of the kernel argument they fill, in camel case. */
export type NamedNumbers = Readonly<Record<string, number>>;

/** @typeParam Attributes what is fixed when a node is traced: sizes, constants. */
export interface Operation<Attributes = unknown> {
  /** The kernel's name in every backend. */
  readonly name: string;
  /** The names of the kernel's tensor arguments, in the order of the node's tensors. */
  readonly tensors: {
    readonly inputs?: readonly string[];
    readonly outputs?: readonly string[];
    /** Read and written in place. */
    readonly updates?: readonly string[];
  };
  /** Whole numbers that the kernel takes. */
  sizes?(node: Node<Attributes>): NamedNumbers;
  /** Real numbers that the kernel takes. */
  constants?(node: Node<Attributes>): NamedNumbers;
  /** Floating-point operations of one run at full extents, a multiply-add counted as two. */
  flops(node: Node<Attributes>): number;
  /**
   * Whether all ranks take part in it: its kernel is given the communicator, and a run with one is never stopped
   * half-way.
   */
  readonly isCollective?: true;
  /**
   * Adds the nodes that compute the gradients of the node's inputs from those of its outputs (undefined: no gradient
   * reaches that output). Gradients of parameters are not returned but added to `graph.gradientOf(parameter)`.
   */
  backward?(node: Node<Attributes>, outputGradients: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[];
  /**
   * For the last operation of a network, whose outputs are losses: adds the nodes that compute losses and input gradients
   * in one pass and take the place of `node`. `scale` is the gradient of every loss.
   */
  backwardInForward?(
    node: Node<Attributes>,
    scale: Tensor,
  ): { readonly replacement: Node; readonly inputGradients: readonly (Tensor | undefined)[] };
  /** Adds nodes that recompute output `index` cheaply from tensors that are kept; undefined when that output must be kept. */
  recompute?(node: Node<Attributes>, index: number): Tensor | undefined;
}

/** Adds a node to the graph and returns it; an undefined spec leaves that output out. */
export function apply<Attributes>(
  graph: Graph,
  op: Operation<Attributes>,
  tensors: {
    readonly inputs?: readonly (Tensor | undefined)[];
    readonly outputs?: readonly (TensorSpec | undefined)[];
    readonly updates?: readonly (Tensor | undefined)[];
  },
  attributes: Attributes,
): Node<Attributes> {
  const { inputs = [], outputs = [], updates = [] } = tensors;
  const node = { op, inputs, outputs: outputs.map((spec) => spec && graph.activation(spec)), updates, attributes };
  graph.add(node);
  return node;
}

/** Output `index` of a node that is known to have it. */
export function output(node: Node, index = 0): Tensor {
  return present(node.outputs[index], node, `output ${index}`);
}

/** Input `index` of a node that is known to have it. */
export function input(node: Node, index = 0): Tensor {
  return present(node.inputs[index], node, `input ${index}`);
}

/** Tensor `index` that a node updates, which is known to be there. */
export function updated(node: Node, index = 0): Tensor {
  return present(node.updates[index], node, `update ${index}`);
}

function present(tensor: Tensor | undefined, { op }: Node, what: string): Tensor {
  if (tensor === undefined) throw new RangeError(`${op.name} has no ${what}`);
  return tensor;
}
