/** @file A training step of `--preset`: forward, backward, clip, AdamW. Tokens a second. Peer: peers/train_step.py. */

import { Session } from '#minillm/engine/runtime/session.js';
import { trainingFlopsPerToken } from '#minillm/model/flops.js';
import { PRESETS } from '#minillm/model/presets.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining } from '#minillm/train/programs.js';
import { workArguments } from './arguments.ts';
import { openDevice } from './device.ts';
import { fillParameters, randomTokens } from './model.ts';
import { report } from './report.ts';

const work = workArguments();
const { batch, length, precision, runs } = work;
const config = PRESETS[work.preset];
const backend = await openDevice(work);
const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
const { layout, plans } = planTraining(config, backend, { batch, length, precision, ranks: 1 }, settings);
const { gradients, update } = plans;
const session = new Session(backend, layout, { gradients, update });
await fillParameters(session, layout, config);

const rates: number[] = [];
for (let run = -2; run < runs; run++) {
  const tokens = randomTokens(batch * length);
  const targets = randomTokens(batch * length);
  const start = performance.now();
  await session.program('gradients').run({ tokens, targets, scale: 1 / (batch * length) });
  await session.program('update').run({ learningRate: 1e-4, updateCount: run + 3, normLimit: 1e30, lossLimit: 1e30 });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s', { flops: trainingFlopsPerToken(config, length) });
await backend.close();
