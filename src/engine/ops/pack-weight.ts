/**
 * @file Weights packed once for products of few rows: a bfloat16 copy in the backend's own order, kept from run to run. A
 * program of `packWeight` nodes makes the copies; it runs again when the parameters have changed.
 */

import type { Graph, Node } from '../graph.ts';
import { apply, type NamedNumbers, type Operation } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';

/** The columns of a copy are padded to a multiple of this, whatever groups the backend uses. */
const COLUMN_GROUP = 64;

/** A copy of a matrix [inputs, outputs]. */
export interface PackedWeight {
  readonly copy: Tensor;
  readonly inputs: number;
  readonly outputs: number;
}

/** The columns that the copy of a matrix of `outputs` columns has room for. */
export function packedColumns(outputs: number): number {
  return Math.ceil(outputs / COLUMN_GROUP) * COLUMN_GROUP;
}

/** The packed copy of parameter `name`; the programs of a session that ask for the same name share it. */
export function packedWeight(graph: Graph, name: string, inputs: number, outputs: number): PackedWeight {
  return { copy: graph.state(`packed.${name}`, [packedColumns(outputs), inputs], 'bfloat16'), inputs, outputs };
}

export interface Packing {
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the parameter is stored [outputs, inputs]. */
  readonly transposed: boolean;
}

export const packingSizes = ({ attributes: { inputs, outputs, transposed } }: Node<Packing>): NamedNumbers => ({
  inFeatures: inputs,
  outFeatures: outputs,
  transposed: transposed ? 1 : 0,
});

const packWeightOperation: Operation<Packing> = {
  name: 'pack_weight',
  tensors: { inputs: ['weight'], updates: ['packed'] },
  sizes: packingSizes,
  flops: () => 0,
};

/**
 * Fills the packed copy `name` from a parameter [inputs, outputs] or, if `transposed`, from the transpose of one
 * [outputs, inputs].
 */
export function packWeight(weight: Tensor, name: string, options: { readonly transposed: boolean }): void {
  const [rows, columns] = [extent(weight, 0), extent(weight, 1)];
  const [inputs, outputs] = options.transposed ? [columns, rows] : [rows, columns];
  const { copy } = packedWeight(weight.graph, name, inputs, outputs);
  apply(weight.graph, packWeightOperation, { inputs: [weight], updates: [copy] }, { inputs, outputs, ...options });
}
