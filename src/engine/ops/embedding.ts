/** @file Token plus position embedding: the start of the residual stream. */

import { apply, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const embeddingBackward: Operation = {
  name: 'embedding_backward',
  constants: (node) => ({ integers: [extent(node.inputs[2] as Tensor, -1)] }),
  flops: (node) => 2 * elements((node.inputs[2] as Tensor).shape),
};

const embeddingForward: Operation = {
  name: 'embedding',
  constants: (node) => ({ integers: [extent(output(node), -1)] }),
  flops: (node) => elements(output(node).shape),
  backward: (node, [gradient]) => {
    const [tokens, positions, tokenTable, positionTable] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const { graph } = tokens;
    apply(graph, embeddingBackward, {
      inputs: [tokens, positions, gradient],
      updates: [graph.gradientOf(tokenTable), graph.gradientOf(positionTable)],
    });
    return [];
  },
};

/**
 * x[b, t] = tokenTable[tokens[b, t]] + positionTable[positions[b, t]], float32.
 *
 * @param tokens_BT int32, each below V
 * @param tables tokens [V, C] and positions [P, C], parameters
 * @param positions_BT int32, each below P; without it a row's positions are 0, 1, …
 */
export function embedding(
  tokens_BT: Tensor,
  tables: { readonly tokens_VC: Tensor; readonly positions_PC: Tensor },
  positions_BT?: Tensor,
): Tensor {
  const { tokens_VC, positions_PC } = tables;
  const shape = [...tokens_BT.shape, extent(tokens_VC, 1)];
  return output(
    apply(tokens_BT.graph, embeddingForward, {
      inputs: [tokens_BT, positions_BT, tokens_VC, positions_PC],
      outputs: [{ shape, dtype: 'float32' }],
    }),
  );
}
