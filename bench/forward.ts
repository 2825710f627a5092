/** @file The forward pass of GPT-2 124M with its losses. Tokens a second. Peer: peers/forward.py. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { planNetwork } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { gpt2Losses } from '#minillm/model/gpt2.js';
import { workArguments } from './arguments.ts';
import { CONFIG, fillParameters, randomTokens } from './model.ts';
import { report } from './report.ts';

const { batch, length, precision, threads, runs } = workArguments();
const graph = new Graph({ batch, length }, precision);
graph.result('losses', gpt2Losses(graph, CONFIG));
const layout = layoutParameters(graph);
const backend = await openCpuBackend({ precision, threads });
const session = new Session(backend, layout, { forward: planNetwork(graph, layout, backend) });
await fillParameters(session, layout);

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const tokens = randomTokens(batch * length);
  const start = performance.now();
  await session.program('forward').run({ tokens, targets: tokens });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
// a third of a training step's, whose backward pass takes twice the forward one
report(rates, 'tok/s', { flops: trainingFlopsPerToken(CONFIG, length) / 3 });
await backend.close();
