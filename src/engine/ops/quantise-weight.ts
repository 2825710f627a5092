/**
 * @file Weights quantised to 8 bits, kept from run to run like those of `packWeight`: whole numbers from −127 to 127 in the
 * backend's own order, and a scale for each column (output channel), its largest absolute value / 127. A program of
 * `quantiseWeight` nodes makes the copies; it runs again when the parameters have changed.
 */

import type { Graph } from '../graph.ts';
import { apply, type Operation } from '../operation.ts';
import { extent, type Tensor } from '../tensor.ts';
import { type PackedWeight, type Packing, packedColumns, packingSizes } from './pack-weight.ts';

/** A copy of a matrix [inputs, outputs] in int8; column m stands for its whole numbers times `scales[m]`. */
export interface QuantisedWeight extends PackedWeight {
  readonly scales: Tensor;
}

/** The quantised copy of parameter `name`; the programs of a session that ask for the same name share it. */
export function quantisedWeight(graph: Graph, name: string, inputs: number, outputs: number): QuantisedWeight {
  const columns = packedColumns(outputs);
  return {
    copy: graph.state(`quantised.${name}`, [columns, inputs], 'int8'),
    scales: graph.state(`scales.${name}`, [columns], 'float32'),
    inputs,
    outputs,
  };
}

const quantiseWeightOperation: Operation<Packing> = {
  name: 'quantise_weight',
  tensors: { inputs: ['weight'], updates: ['packed', 'scales'] },
  sizes: packingSizes,
  flops: () => 0,
};

/**
 * Fills the quantised copy `name` from a parameter [inputs, outputs] or, if `transposed`, from the transpose of one
 * [outputs, inputs].
 */
export function quantiseWeight(weight: Tensor, name: string, options: { readonly transposed: boolean }): void {
  const [rows, columns] = [extent(weight, 0), extent(weight, 1)];
  const [inputs, outputs] = options.transposed ? [columns, rows] : [rows, columns];
  const { copy, scales } = quantisedWeight(weight.graph, name, inputs, outputs);
  const tensors = { inputs: [weight], updates: [copy, scales] };
  apply(weight.graph, quantiseWeightOperation, tensors, { inputs, outputs, ...options });
}
