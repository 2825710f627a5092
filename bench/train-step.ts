/** @file A training step of GPT-2 124M: forward, backward, clip, AdamW. Tokens a second. Peer: peers/train_step.py. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { planTraining } from '#minillm/train/programs.js';
import { workArguments } from './arguments.ts';
import { CONFIG, fillParameters, randomTokens } from './model.ts';
import { report } from './report.ts';

const { batch, length, precision, threads, runs } = workArguments();
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
const { layout, plans } = planTraining(CONFIG, { batch, length, precision }, optimizer);
const backend = await openCpuBackend({ precision, threads });
const { gradients, update } = plans;
const session = new Session(backend, layout, { gradients, update });
fillParameters(session, layout);

const rates: number[] = [];
for (let run = -2; run < runs; run++) {
  const tokens = randomTokens(batch * length);
  const targets = randomTokens(batch * length);
  const start = performance.now();
  await session.program('gradients').run({ tokens, targets, scale: 1 / (batch * length), lastMicroStep: 1 });
  await session.program('update').run({ learningRate: 1e-4, updates: run + 3, normLimit: 1e30 });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s', { flops: trainingFlopsPerToken(CONFIG, length) });
await backend.close();
