/**
 * @file Fuses x = x + branch with the LayerNorm that reads it first: the stream is written and normalised in one pass
 * over memory. Networks are traced as in the textbook; a device with such a kernel asks for this pass.
 */

import type { Graph, Node } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** Rewrites each `add` whose first reader is a `layer_norm` without a branch. */
export function fuseResidualAdds(graph: Graph): void {
  const adds = new Map<Tensor | undefined, Node>();
  const firstReaders = new Map<Tensor | undefined, Node>();
  for (const node of graph.nodes) {
    if (node.op.name === 'add') adds.set(node.outputs[0], node);
    for (const tensor of node.inputs) if (!firstReaders.has(tensor)) firstReaders.set(tensor, node);
  }
  const fused = new Set<Node>();
  const nodes = graph.nodes.map((node) => {
    const [stream, branch, ...norm] = node.inputs;
    const add = adds.get(stream);
    if (node.op.name !== 'layer_norm' || branch || !add || firstReaders.get(stream) !== node) return node;
    fused.add(add);
    const [normed, mean, rstd] = node.outputs;
    return { ...node, inputs: [...add.inputs, ...norm], outputs: [normed, mean, rstd, stream] };
  });
  graph.nodes = nodes.filter((node) => !fused.has(node));
}
