/**
 * @file The three products of a linear layer, `--batch`×`--length` rows by `--columns` in,out: the forward one with its bias,
 * the gradient of its input and that of its weight (added, with the bias's). Peers: peers/gemm.py, peers/tfjs.ts.
 */

import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { median } from '#minillm/support/median.js';
import { workArguments } from './arguments.ts';
import { openDevice } from './device.ts';
import { randomActivations, randomValues } from './model.ts';
import { reportParts } from './report.ts';

const work = workArguments();
const { batch, length, columns, precision, runs } = work;
const [columnsIn, columnsOut] = columns;
const graph = new Graph({ batch, length }, precision);
const x = graph.input('x', [batch, length, columnsIn], graph.activationType);
linear(x, graph.parameter('weight', [columnsIn, columnsOut]), graph.parameter('bias', [columnsOut]));
const forwardNodes = graph.nodes.length;
const node = graph.nodes.at(-1);
node?.op.backward?.(node, [graph.input('gradient', [batch, length, columnsOut], graph.activationType)]);

const layout = layoutParameters(graph);
const backend = await openDevice(work);
const session = new Session(backend, layout, { products: plan(graph, layout, backend) });
const program = session.program('products');
await session.write('parameters', 'weight', randomValues(columnsIn * columnsOut));
await program.run({
  x: randomActivations(batch * length * columnsIn, precision),
  gradient: randomActivations(batch * length * columnsOut, precision),
});

const flops = 2 * batch * length * columnsIn * columnsOut;
const seconds = { forward: [] as number[], dX: [] as number[], dW: [] as number[] };
for (let run = -1; run < runs; run++) {
  const times = new Float64Array(program.plan.nodes.length);
  await program.run({}, { seconds: times });
  const sums = { forward: 0, dX: 0, dW: 0 };
  program.plan.nodes.forEach(({ node: { updates } }, index) => {
    const part = index < forwardNodes ? 'forward' : updates.length > 0 ? 'dW' : 'dX';
    sums[part] += times[index] ?? 0;
  });
  if (run >= 0) for (const part of ['forward', 'dX', 'dW'] as const) seconds[part].push(sums[part]);
}
reportParts(
  Object.entries(seconds).map(([part, times]) => {
    return { part, value: flops / median(times) / 1e9, unit: 'GFLOP/s', flops: 1e9 };
  }),
);
await backend.close();
