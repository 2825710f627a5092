/** @file The measured matrix-product rate of this CPU, which model FLOPs utilisation is relative to. */

import { Graph } from '../../engine/graph.ts';
import { layoutParameters } from '../../engine/layout.ts';
import { linear } from '../../engine/ops/linear.ts';
import { plan } from '../../engine/plan.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { Session } from '../../engine/runtime/session.ts';
import type { Precision } from '../../engine/tensor.ts';

const SIZE = 1024;
const RUNS = 5;

/** FLOP/s of the best of a few products of 1024×1024 matrices; a fraction of a second. */
export async function measureMatrixRate(backend: Backend, precision: Precision): Promise<number> {
  const graph = new Graph({ batch: 1, length: SIZE }, precision);
  const x = graph.state('x', [1, SIZE, SIZE], graph.activationType);
  linear(x, graph.parameter('weight', [SIZE, SIZE]), graph.parameter('bias', [SIZE]));
  const layout = layoutParameters(graph);
  const session = new Session(backend, layout, { product: plan(graph, layout, backend) });
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      await session.program('product').run({});
      best = Math.min(best, performance.now() - start);
    }
    return (2 * SIZE ** 3) / (best / 1000);
  } finally {
    session.close();
  }
}
