/**
 * @file The output head of GPT-2 124M as training has it: logits, cross-entropy and the gradients of its input and of the token
 * table, `--batch`×`--length` rows. Counted are the three products. Peer: peers/head.py.
 */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { crossEntropy } from '#minillm/engine/ops/cross-entropy.js';
import { gradients } from '#minillm/engine/passes/autodiff.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { workArguments } from './arguments.ts';
import { CONFIG, randomActivations, randomTokens, randomValues } from './model.ts';
import { report } from './report.ts';

const { batch, length, precision, threads, runs } = workArguments();
const { channels, vocabularySize } = CONFIG;
const graph = new Graph({ batch, length }, precision);
const x = graph.input('x', [batch, length, channels], graph.activationType);
const table = graph.parameter('wte', [vocabularySize, channels]);
const losses = crossEntropy(x, table, graph.input('targets', [batch, length], 'int32'));
graph.result('losses', gradients(losses, graph.input('scale', [], 'float32')));

const layout = layoutParameters(graph);
const backend = await openCpuBackend({ precision, threads });
const session = new Session(backend, layout, { head: plan(graph, layout, backend) });
await session.write('parameters', 'wte', randomValues(vocabularySize * channels));
const inputs = {
  x: randomActivations(batch * length * channels, precision),
  targets: randomTokens(batch * length),
  scale: 1 / (batch * length),
};

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const start = performance.now();
  await session.program('head').run(inputs);
  const seconds = (performance.now() - start) / 1000;
  if (run >= 0) rates.push((6 * batch * length * channels * vocabularySize) / seconds / 1e9);
}
report(rates, 'GFLOP/s', { flops: 1e9 });
await backend.close();
