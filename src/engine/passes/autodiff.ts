/** @file Reverse-mode differentiation: the nodes that compute parameter gradients, appended to a traced network. */

import type { Node } from '../graph.ts';
import { add } from '../ops/add.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Differentiates `scale · Σ losses` with respect to every parameter it was computed from. The node that made `losses`
 * computes its input gradients in its forward pass (the logits never exist all at once); the others follow in reverse
 * order.
 *
 * @param losses the output of an operation with `backwardInForward`
 * @param scale a float32 scalar, the gradient of each loss: 1/(tokens of the global batch)
 * @returns the losses again, as the differentiated program computes them
 */
export function gradients(losses: Tensor, scale: Tensor): Tensor {
  const { graph } = losses;
  const lossIndex = graph.nodes.findLastIndex((node) => node.outputs.includes(losses));
  const lossNode = graph.nodes[lossIndex];
  const differentiate = lossNode?.op.backwardInForward;
  if (!lossNode || !differentiate)
    throw new TypeError('the losses must come from an operation that differentiates them');

  const gradientOf = new Map<Tensor, Tensor>();
  const collect = (node: Node, inputGradients: readonly (Tensor | undefined)[]): void => {
    node.inputs.forEach((tensor, index) => {
      const gradient = inputGradients[index];
      if (!tensor || !gradient) return;
      const before = gradientOf.get(tensor);
      gradientOf.set(tensor, before ? add(before, gradient) : gradient);
    });
  };

  const forward = graph.nodes.slice(0, lossIndex);
  const { value: head, nodes: headNodes } = graph.capture(() => differentiate(lossNode, scale));
  graph.nodes.splice(lossIndex, 1, ...headNodes);
  graph.backwardStart = graph.nodes.length;
  collect(lossNode, head.inputGradients);

  for (const node of forward.reverse()) {
    const outputGradients = node.outputs.map((tensor) => tensor && gradientOf.get(tensor));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    if (!node.op.backward) throw new TypeError(`${node.op.name} has no backward rule`);
    collect(node, node.op.backward(node, outputGradients));
  }
  const replaced = head.replacement.outputs[lossNode.outputs.indexOf(losses)];
  if (!replaced) throw new TypeError(`${lossNode.op.name} lost its losses when it was differentiated`);
  return replaced;
}
