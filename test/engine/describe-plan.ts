/** @file A plan in words, to compare two. */

import type { Plan } from '#minillm/engine/plan.js';
import type { Tensor } from '#minillm/engine/tensor.js';

/** The plan as a table, one line per node. */
export function describePlan({ nodes, addressOf, arenaBytes }: Plan): string {
  const place = (tensor: Tensor | undefined): string => {
    if (!tensor) return '-';
    const { region, byteOffset } = addressOf(tensor);
    return `${region}+${byteOffset}:${tensor.dtype}[${tensor.shape.join(',')}]`;
  };
  const lines = nodes.map(({ node, workspace, flops, traffic: bytes }, index) =>
    [
      `${index} ${node.op.name}`,
      `(${node.inputs.map(place).join(' ')})`,
      `-> ${node.outputs.map(place).join(' ') || '()'}`,
      node.updates.length > 0 ? `+= ${node.updates.map(place).join(' ')}` : '',
      workspace ? `workspace ${workspace.region}+${workspace.byteOffset}` : '',
      `${flops} FLOP ${bytes} B`,
    ]
      .filter(Boolean)
      .join(' '),
  );
  return [...lines, `arena ${arenaBytes} B`].join('\n');
}
