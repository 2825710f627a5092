/** @file A training step of GPT-2 124M: forward, backward, clip, AdamW. Tokens a second. Peer: peers/train_step.py. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';
import { workArguments } from './arguments.ts';
import { CONFIG, fillParameters, randomTokens } from './model.ts';
import { report } from './report.ts';

const { batch, length, precision, threads, runs } = workArguments();
const backend = await openCpuBackend({ precision, threads });
const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
const { layout, plans } = planTraining(CONFIG, backend, { batch, length, precision, ranks: 1 }, settings);
const { gradients, update } = plans;
const session = new Session(backend, layout, { gradients, update });
await fillParameters(session, layout);

const rates: number[] = [];
for (let run = -2; run < runs; run++) {
  const tokens = randomTokens(batch * length);
  const targets = randomTokens(batch * length);
  const start = performance.now();
  await session.program('gradients').run({ tokens, targets, scale: 1 / (batch * length) });
  await session.program('update').run({ learningRate: 1e-4, updateCount: run + 3, normLimit: 1e30, lossLimit: 1e30 });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s', { flops: trainingFlopsPerToken(CONFIG, length) });
await backend.close();
