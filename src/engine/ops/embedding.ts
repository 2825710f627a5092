/** @file Token plus position embedding: the start of the residual stream. */

import { apply, input, type Operation, output } from '../operation.ts';
import { elements, extent, type Tensor } from '../tensor.ts';

const embeddingBackward: Operation = {
  name: 'embedding_backward',
  tensors: {
    inputs: ['tokens', 'positions', 'xGradient'],
    updates: ['tokenTableGradient', 'positionTableGradient'],
  },
  sizes: (node) => ({ channels: extent(input(node, 2), -1) }),
  flops: (node) => 2 * elements(input(node, 2).shape),
};

const embeddingForward: Operation = {
  name: 'embedding',
  tensors: { inputs: ['tokens', 'positions', 'tokenTable', 'positionTable'], outputs: ['x'] },
  sizes: (node) => ({ channels: extent(output(node), -1) }),
  flops: (node) => elements(output(node).shape),
  backward: (node, [gradient]) => {
    const [tokens, positions, tokenTable, positionTable] = node.inputs as [Tensor, Tensor | undefined, Tensor, Tensor];
    const { graph } = tokens;
    const updates = [graph.gradientOf(tokenTable), graph.gradientOf(positionTable)];
    apply(graph, embeddingBackward, { inputs: [tokens, positions, gradient], updates }, {});
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
  const inputs = [tokens_BT, positions_BT, tokens_VC, positions_PC];
  const outputs = [{ shape: [...tokens_BT.shape, extent(tokens_VC, 1)], dtype: 'float32' }] as const;
  return output(apply(tokens_BT.graph, embeddingForward, { inputs, outputs }, {}));
}
