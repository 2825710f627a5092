/**
 * @file Weights packed once for products of few rows: a bfloat16 copy in the backend's own order, kept from run to run.
 * A program of `packWeight` nodes makes the copies, and makes them again when the parameters have changed.
 */

import type { Graph } from '../graph.ts';
import { apply, type Operation } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';

/** A copy has room for whole groups of so many columns, whatever the backend's groups are. */
const COLUMN_GROUP = 64;

/** A copy of a matrix [inputs, outputs]. */
export interface PackedWeight {
  readonly copy: Tensor;
  readonly inputs: number;
  readonly outputs: number;
}

/** The packed copy of parameter `name`; the programs of a session that ask for the same name share it. */
export function packedWeight(graph: Graph, name: string, inputs: number, outputs: number): PackedWeight {
  const columns = Math.ceil(outputs / COLUMN_GROUP) * COLUMN_GROUP;
  return { copy: graph.state(`packed.${name}`, [columns, inputs], 'bfloat16'), inputs, outputs };
}

const packWeightOperation: Operation = {
  name: 'pack_weight',
  constants: ({ attributes: { inputs = 0, outputs = 0, transposed = 0 } }) => ({
    integers: [inputs, outputs, transposed],
  }),
  flops: () => 0,
};

/**
 * Fills the packed copy `name` of a parameter [inputs, outputs], or with `transposed` of the transpose of one [outputs, inputs].
 */
export function packWeight(weight: Tensor, name: string, options: { readonly transposed: boolean }): void {
  const [rows, columns] = [extent(weight, 0), extent(weight, 1)];
  const [inputs, outputs] = options.transposed ? [columns, rows] : [rows, columns];
  apply(weight.graph, packWeightOperation, {
    inputs: [weight],
    updates: [packedWeight(weight.graph, name, inputs, outputs).copy],
    attributes: { inputs, outputs, transposed: options.transposed ? 1 : 0 },
  });
}
