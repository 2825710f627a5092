/**
 * @file This machine, measured: a training step of a network with the run's width, micro-batch and context but one layer, node
 * by node.
 */

import type { Backend } from '../engine/runtime/backend.ts';
import { Session } from '../engine/runtime/session.ts';
import type { Precision } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { createOptimizer, type OptimizerName } from '../train/optimizers/create.ts';
import { planTraining } from '../train/programs.ts';
import type { Hardware } from './hardware.ts';
import type { NodeSeconds } from './step-time.ts';
import { type Work, workOf } from './workload.ts';

/** The seconds after which no further step is measured, and the most steps. */
const MAX_SECONDS = 12;
const MAX_STEPS = 8;

/** Roughly; there is no counter of it that every user may read. */
const CPU_WATTS_PER_THREAD = 8;

export interface Calibration {
  readonly hardware: Hardware;
  readonly nodeSeconds: NodeSeconds;
}

export interface CalibrationExtents {
  readonly batch: number;
  readonly length: number;
  readonly precision: Precision;
  readonly threads: number;
  readonly optimizer: OptimizerName;
}

/** Measures a step. An operation's time then grows with its FLOPs, or with its traffic where memory is what it waits for. */
export async function calibrate(
  backend: Backend,
  modelConfig: Gpt2Config,
  extents: CalibrationExtents,
): Promise<Calibration> {
  const { batch, length, precision, threads, optimizer } = extents;
  const settings = { optimizer: createOptimizer({ optimizer, weightDecay: 0.1 }), gradientClip: 1 };
  const small = { ...modelConfig, layers: 1 };
  const { layout, plans } = planTraining(small, backend, { batch, length, precision, ranks: 1 }, settings);
  const { gradients, update } = plans;
  const session = new Session(backend, layout, { gradients, update });
  const fastest = {
    gradients: new Float64Array(gradients.nodes.length),
    update: new Float64Array(update.nodes.length),
  };
  try {
    const tokens = Int32Array.from(
      { length: batch * length },
      (_, index) => (index * 7919) % modelConfig.vocabularySize,
    );
    const limits = { normLimit: 1e30, lossLimit: 1e30 };
    const start = performance.now();
    for (let step = 0; step < MAX_STEPS; step++) {
      const seconds = {
        gradients: new Float64Array(gradients.nodes.length),
        update: new Float64Array(update.nodes.length),
      };
      await session
        .program('gradients')
        .run({ tokens, targets: tokens, scale: 1 / tokens.length }, { seconds: seconds.gradients });
      await session
        .program('update')
        .run({ learningRate: 1e-4, updateCount: step + 1, ...limits }, { seconds: seconds.update });
      // the first step touches new memory
      for (const name of ['gradients', 'update'] as const)
        seconds[name].forEach((value, index) => {
          const known = fastest[name][index] ?? 0;
          fastest[name][index] = step <= 1 ? value : Math.min(known, value);
        });
      if (step > 0 && performance.now() - start > 1000 * MAX_SECONDS) break;
    }
  } finally {
    session.close();
  }
  const nodeSeconds = ratesOf([
    { work: workOf(gradients), seconds: fastest.gradients },
    { work: workOf(update), seconds: fastest.update },
  ]);
  const peak = await backend.peak();
  return { hardware: describe(backend, peak, threads), nodeSeconds };
}

interface Measured {
  readonly work: readonly Work[];
  readonly seconds: Float64Array;
}

/** By operation: the measured seconds over the FLOPs, or the traffic. */
function ratesOf(programs: readonly Measured[]): NodeSeconds {
  const costs = new Map<string, { seconds: number; amount: number }>();
  for (const { work, seconds } of programs)
    work.forEach((node, index) => {
      const cost = costs.get(node.operation) ?? { seconds: 0, amount: 0 };
      costs.set(node.operation, {
        seconds: cost.seconds + (seconds[index] ?? 0),
        amount: cost.amount + amountOf(node),
      });
    });
  return (node) => {
    const { seconds, amount } = costs.get(node.operation) ?? { seconds: 0, amount: 0 };
    return amount > 0 ? (seconds / amount) * amountOf(node) : seconds;
  };
}

const amountOf = ({ kind, flops, traffic }: Work): number => (kind === 'memory' ? traffic : flops);

function describe(backend: Backend, peak: number, threads: number): Hardware {
  return {
    name: backend.description,
    peak: { fp32: peak, bf16: peak },
    products: { fp32: peak, bf16: peak },
    memory: backend.memory().total,
    reserved: 0,
    memoryBandwidth: 1e10,
    launch: 0,
    watts: threads * CPU_WATTS_PER_THREAD,
    devicesPerNode: 1,
    link: { bandwidth: 5e9, latency: 5e-6 },
    network: { bandwidth: 1e9, latency: 50e-6 },
  };
}
