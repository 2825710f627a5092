/** @file The plan as a person reads it: sections of short lines. */

import { parameterCount } from '../../model/flops.ts';
import type { RunCost } from '../../plan/cost.ts';
import type { RunPlan } from '../../plan/run-plan.ts';
import { type ScalingPoint, WORTHWHILE_GAIN } from '../../plan/scaling.ts';
import { formatBytes, formatCount, formatDuration } from '../../support/format.ts';
import { textTable } from '../terminal/table.ts';
import type { PlanModel } from './open-model.ts';

export interface PlanOutcome {
  readonly model: PlanModel;
  readonly plan: RunPlan;
  readonly largestBatch: number;
  readonly cost: RunCost;
  readonly points: readonly ScalingPoint[];
  readonly worthwhile: number | undefined;
}

export function planLines({ model, plan, largestBatch, cost, points, worthwhile }: PlanOutcome): string[] {
  return [
    headLine(model, plan),
    '',
    ...memoryLines(model, plan, largestBatch),
    '',
    ...stepLines(model, plan),
    '',
    ...runLines(model, cost),
    ...(points.length > 1 ? ['', ...scalingLines(model, points, worthwhile)] : []),
  ];
}

function headLine({ settings, modelConfig, hardware, softwareName, zero }: PlanModel, { ranks }: RunPlan): string {
  const parts = [
    `${settings.preset}, ${formatCount(parameterCount(modelConfig))} parameters`,
    settings.precision,
    `${formatCount(ranks)} × ${hardware.name}`,
    softwareName === undefined ? 'measured' : `at the efficiency of ${softwareName}`,
  ];
  return [...parts, ...(zero === 1 ? ['ZeRO-1'] : [])].join(', ');
}

function memoryLines(
  { hardware, planner, settings }: PlanModel,
  { memory, bytes, batchSize }: RunPlan,
  largest: number,
): string[] {
  const rowsOfStep = settings.totalBatchSize / settings.sequenceLength;
  const rows = `${formatCount(largest)} rows`;
  const fits = largest < rowsOfStep ? `the largest batch that fits is ${rows}` : `a step’s ${rows} fit at once`;
  const parts = [
    ['parameters', memory.parameters],
    ['gradients', memory.gradients],
    ['optimizer', memory.optimizer],
    [`activations, ${batchSize} rows`, memory.activations],
    ['batches and caches', memory.other],
    ['driver and libraries', planner.ownBytes],
    ['total', bytes],
  ] as const;
  return [
    textTable(
      ['memory per device', ''],
      parts.map(([name, size]) => [name, formatBytes(size)]),
    ),
    `the device has ${formatBytes(hardware.memory)}; ${fits}`,
  ];
}

const PART_NAMES = {
  products: 'matrix products',
  head: 'output head and loss',
  attention: 'attention',
  memory: 'normalisation, GELU, embedding',
  optimizer: 'optimizer',
  communication: 'exposed communication',
} as const;

function stepLines(
  { settings, uncertainty, hardware }: PlanModel,
  { time, batchSize, microSteps, ranks, tokensPerSecond, mfu }: RunPlan,
): string[] {
  const { totalBatchSize, sequenceLength } = settings;
  const names = Object.keys(PART_NAMES) as (keyof typeof PART_NAMES)[];
  const shown = names.filter((name) => name !== 'communication' || ranks > 1);
  const rows = shown.map((name) => [
    PART_NAMES[name],
    milliseconds(time.parts[name]),
    share(time.parts[name] / time.seconds),
  ]);
  const head = [`a step of ${formatCount(totalBatchSize)} tokens`, 'ms', 'share'];
  const hidden = ranks > 1 ? [`${milliseconds(time.hidden)} ms of communication hidden behind the backward pass`] : [];
  const [low, high] = [1 - uncertainty, 1 + uncertainty].map((factor) => formatCount(tokensPerSecond * factor));
  return [
    textTable(head, [...rows, ['total', milliseconds(time.seconds), '']]),
    `${formatCount(microSteps)} × ${formatCount(batchSize)} × ${formatCount(sequenceLength)} tokens on each of ${formatCount(ranks)}`,
    ...hidden,
    `${formatCount(tokensPerSecond)} tokens/s (${low} to ${high}), ${share(mfu)} of ${(hardware.peak[settings.precision] / 1e12).toPrecision(3)} TFLOP/s`,
  ];
}

function runLines(
  { settings, uncertainty }: PlanModel,
  { seconds, kilowattHours, deviceHours, price }: RunCost,
): string[] {
  const { steps, totalBatchSize } = settings;
  const [low, high] = [1 - uncertainty, 1 + uncertainty].map((factor) => formatDuration(seconds * factor));
  return [
    `the run: ${formatCount(steps)} steps, ${formatTokens(steps * totalBatchSize)} tokens`,
    `time    ${formatDuration(seconds)} (${low} to ${high}), without evaluations`,
    `energy  ${kilowattHours.toPrecision(3)} kWh, ${deviceHours.toPrecision(3)} device-hours`,
    ...(price === undefined
      ? []
      : [
          `cost    ${price.toFixed(2)} (${(price * (1 - uncertainty)).toFixed(2)} to ${(price * (1 + uncertainty)).toFixed(2)})`,
        ]),
  ];
}

function scalingLines(
  { settings }: PlanModel,
  points: readonly ScalingPoint[],
  worthwhile: number | undefined,
): string[] {
  const rows = points.map(({ ranks, batchSize, microSteps, time, tokensPerSecond, efficiency, mfu, bytes }) => [
    formatCount(ranks),
    `${formatCount(microSteps)} × ${formatCount(batchSize)}`,
    formatBytes(bytes),
    formatDuration(time.seconds),
    formatCount(tokensPerSecond),
    share(efficiency),
    share(mfu),
    formatDuration(settings.steps * time.seconds),
  ]);
  const head = ['devices', 'batch', 'memory', 'step', 'tokens/s', 'efficiency', 'MFU', 'run'];
  const last = points.at(-1)?.ranks;
  const verdict =
    worthwhile === last
      ? `every doubling up to ${formatCount(last ?? 1)} makes it at least ${WORTHWHILE_GAIN} times faster`
      : `data parallelism pays up to ${formatCount(worthwhile ?? 1)} devices: the next step makes it less than ${WORTHWHILE_GAIN} times faster`;
  return [textTable(head, rows), verdict];
}

/** `10.0 B` of a large run, `9,728` of a small one. */
const formatTokens = (count: number): string =>
  count < 1e8 ? formatCount(count) : `${(count / 1e9).toPrecision(3)} B`;
const milliseconds = (seconds: number): string => {
  const value = 1000 * seconds;
  return value >= 100 ? formatCount(value) : value.toFixed(value >= 10 ? 1 : 2);
};
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
