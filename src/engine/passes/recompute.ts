/**
 * @file Trading a little arithmetic for memory: an output that is cheap to recompute (a LayerNorm's, a GELU's) is not
 * kept from the forward pass to the backward pass but computed a second time just before its first reader there.
 */

import type { Graph, Node } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** Rewrites a differentiated program so that no recomputable output is kept for its backward pass. */
export function recomputeCheapOutputs(graph: Graph): void {
  const boundary = graph.backwardStart ?? graph.nodes.length;
  const forward = graph.nodes.slice(0, boundary);
  const producers = new Map<Tensor, { node: Node; index: number }>();
  for (const node of forward) {
    node.outputs.forEach((tensor, index) => {
      if (tensor && node.op.recompute) producers.set(tensor, { node, index });
    });
  }
  const kept = new Set<Tensor>([...graph.results.values()]);
  const recomputed = new Map<Tensor, Tensor>();
  const rewritten: Node[] = [...forward];
  for (const node of graph.nodes.slice(boundary)) {
    const inputs = node.inputs.map((tensor) => {
      const producer = tensor && producers.get(tensor);
      if (!tensor || !producer || kept.has(tensor)) return tensor;
      const known = recomputed.get(tensor);
      if (known) return known;
      const { value, nodes } = graph.capture(() => producer.node.op.recompute?.(producer.node, producer.index));
      if (!value) {
        kept.add(tensor);
        return tensor;
      }
      rewritten.push(...nodes);
      recomputed.set(tensor, value);
      return value;
    });
    rewritten.push({ ...node, inputs });
  }
  graph.nodes = rewritten;
}
