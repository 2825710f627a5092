/** @file An update of GPT-2 124M by AdamW and by Muon, in turn: norm, clip, optimizer. Updates a second. Peer: peers/update.py. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { median } from '#minillm/support/median.js';
import { createOptimizer, OPTIMIZER_NAMES } from '#minillm/train/optimizers/create.js';
import { planTraining } from '#minillm/train/programs.js';
import { workArguments } from './arguments.ts';
import { CONFIG, fillParameters, initialValues } from './model.ts';
import { reportParts } from './report.ts';

const { precision, threads, runs } = workArguments();
const backend = await openCpuBackend({ precision, threads });
const sessions = await Promise.all(
  OPTIMIZER_NAMES.map(async (optimizer) => {
    const settings = { optimizer: createOptimizer({ optimizer, weightDecay: 0.1 }), gradientClip: 1 };
    const extents = { batch: 1, length: 64, precision, ranks: 1 };
    const { layout, plans } = planTraining(CONFIG, backend, extents, settings);
    const session = new Session(backend, layout, { update: plans.update });
    await fillParameters(session, layout);
    const flops = plans.update.nodes.reduce((sum, node) => sum + node.flops, 0);
    return { part: optimizer, session, flops, rates: [] as number[] };
  }),
);

for (let run = -1; run < runs; run++) {
  for (const { session, rates } of sessions) {
    for (const { name, shape } of session.layout.places.values())
      await session.write('gradients', name, initialValues(name, shape));
    const inputs = { learningRate: 1e-4, updateCount: run + 2, normLimit: 1e30, lossLimit: 1e30 };
    const start = performance.now();
    await session.program('update').run(inputs);
    if (run >= 0) rates.push(1000 / (performance.now() - start));
  }
}
reportParts(sessions.map(({ part, rates, flops }) => ({ part, value: median(rates), unit: 'updates/s', flops })));
await backend.close();
