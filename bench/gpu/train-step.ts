/**
 * @file A training step of GPT-2 124M on a GPU: tokens a second, and the seconds of every operation. The last line is JSON.
 * Peer: peers/gpu_train_step.py.
 */

import { parseArgs } from 'node:util';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import type { Plan, Region } from '#minillm/engine/plan.js';
import { totalBytes } from '#minillm/engine/runtime/memory.js';
import { Session, sessionBytes } from '#minillm/engine/runtime/session.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { planTraining, type TrainingPrograms } from '#minillm/train/programs.js';
import { CONFIG, fillParameters, randomTokens } from '../model.ts';

const LENGTH = 1024;
/** Steps before those that are measured: launches alone, then the capture of the graph. */
const WARM_UP = 3;

/** Seconds of the nodes of an operation. */
export interface OperationSeconds {
  readonly operation: string;
  readonly seconds: number;
}

export interface OursOnGpu {
  readonly device: string;
  readonly batch: number;
  readonly tokensPerSecond: number;
  /** What all of it takes once it has run, by the driver's account, without the context. */
  readonly peakBytes: number;
  /** The buffers that the plan asks for. */
  readonly planBytes: number;
  /** Of a step whose nodes are timed one by one. */
  readonly operations: readonly OperationSeconds[];
}

const { values } = parseArgs({
  options: { batches: { type: 'string', default: '64,32,16,8,4' }, steps: { type: 'string', default: '10' } },
});
const backend = await openCudaBackend({ precision: 'bf16' });
const { free: freeBefore } = backend.device.driver.memory();
const { overheadBytes: heldBefore } = backend;
const settings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };
const planFor = (batch: number): TrainingPrograms =>
  planTraining(CONFIG, backend, { batch, length: LENGTH, precision: 'bf16', ranks: 1 }, settings);
const buffersOf = ({ layout, plans: { gradients, update } }: TrainingPrograms): ReadonlyMap<Region, number> =>
  sessionBytes(layout, [gradients, update]);
const batch = values.batches
  .split(',')
  .map(Number)
  .find((each) => totalBytes(backend, buffersOf(planFor(each))) < backend.memory().available);
if (batch === undefined)
  throw new Error(`none of the batches ${values.batches} fits the memory of ${backend.description}`);

const programs = planFor(batch);
const { gradients, update } = programs.plans;
const session = new Session(backend, programs.layout, { gradients, update });
await fillParameters(session, programs.layout);
let count = 0;

/** Runs a step, and adds the seconds of its nodes if they are asked for. */
async function step(seconds?: { readonly gradients: Float64Array; readonly update: Float64Array }): Promise<number> {
  const tokens = randomTokens((batch ?? 0) * LENGTH);
  const targets = randomTokens(tokens.length);
  const limits = { normLimit: 1e30, lossLimit: 1e30 };
  const start = performance.now();
  await session
    .program('gradients')
    .run({ tokens, targets, scale: 1 / tokens.length }, { seconds: seconds?.gradients });
  await session
    .program('update')
    .run({ learningRate: 1e-4, updateCount: ++count, ...limits }, { seconds: seconds?.update });
  return (performance.now() - start) / 1000;
}

for (let run = 0; run < WARM_UP; run++) await step();
const times: number[] = [];
for (let run = 0; run < Number(values.steps); run++) times.push(await step());
const timed = {
  gradients: new Float64Array(gradients.nodes.length),
  update: new Float64Array(update.nodes.length),
};
await step(timed);

const perOperation = new Map<string, number>();
const addUp = ({ nodes }: Plan, seconds: Float64Array): void =>
  nodes.forEach(({ node }, index) => {
    perOperation.set(node.op.name, (perOperation.get(node.op.name) ?? 0) + (seconds[index] ?? 0));
  });
addUp(gradients, timed.gradients);
addUp(update, timed.update);

const median = times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
const result: OursOnGpu = {
  device: backend.description,
  batch,
  tokensPerSecond: (batch * LENGTH) / median,
  peakBytes: heldBefore + freeBefore - backend.device.driver.memory().free,
  planBytes: [...buffersOf(programs).values()].reduce((sum, bytes) => sum + bytes, 0),
  operations: [...perOperation].map(([operation, seconds]) => ({ operation, seconds })),
};
console.log(JSON.stringify(result));
await backend.close();
