import { describe, expect, test } from 'vitest';
import { PRESETS, type PresetName } from '#minillm/model/presets.js';
import { findHardware } from '#minillm/plan/hardware.js';
import { backendOf } from '#minillm/plan/planned-backend.js';
import { Planner } from '#minillm/plan/planner.js';
import { rooflineSeconds } from '#minillm/plan/roofline.js';
import { planRun } from '#minillm/plan/run-plan.js';
import { SOFTWARE, type SoftwareName } from '#minillm/plan/software.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { chooseSettings } from '#minillm/train/settings.js';

interface PublishedRun {
  readonly software: SoftwareName;
  readonly hardware: string;
  readonly gpus: number;
  readonly preset: PresetName;
  readonly batchSize: number;
  readonly totalBatchSize: number;
  readonly zero: 0 | 1;
  readonly tokensPerSecond: number;
}

const FITTED: readonly PublishedRun[] = [
  {
    software: 'llm.c',
    hardware: 'h100',
    gpus: 8,
    preset: 'gpt2-124m',
    batchSize: 64,
    totalBatchSize: 524_288,
    zero: 1,
    tokensPerSecond: 3.74e6,
  },
  {
    software: 'compiled-pytorch',
    hardware: 'a100-80gb',
    gpus: 1,
    preset: 'gpt2-124m',
    batchSize: 64,
    totalBatchSize: 524_288,
    zero: 0,
    tokensPerSecond: 188e3,
  },
];

const HELD_OUT: readonly PublishedRun[] = [
  {
    software: 'llm.c',
    hardware: 'a100-80gb',
    gpus: 8,
    preset: 'gpt2-124m',
    batchSize: 64,
    totalBatchSize: 524_288,
    zero: 1,
    tokensPerSecond: 1.75e6,
  },
  {
    software: 'llm.c',
    hardware: 'h100',
    gpus: 8,
    preset: 'gpt2-1558m',
    batchSize: 16,
    totalBatchSize: 1_048_576,
    zero: 1,
    tokensPerSecond: 1_048_576 / 2.8,
  },
  {
    software: 'compiled-pytorch',
    hardware: 'a100-80gb',
    gpus: 8,
    preset: 'gpt2-124m',
    batchSize: 64,
    totalBatchSize: 524_288,
    zero: 0,
    tokensPerSecond: 1.44e6,
  },
];

/** Predicted over published, less 1. */
async function errorOf(run: PublishedRun): Promise<number> {
  const { preset, zero, batchSize } = run;
  const modelConfig = PRESETS[preset];
  const hardware = await findHardware(run.hardware);
  const software = SOFTWARE[run.software];
  const given = { preset, precision: 'bf16', totalBatchSize: run.totalBatchSize, data: 'none', out: 'none' } as const;
  const settings = completeSettings(chooseSettings(given), modelConfig.contextLength);
  const planner = new Planner(modelConfig, backendOf(hardware), settings, hardware.reserved);
  const nodeSeconds = rooflineSeconds(hardware, software, 'bf16');
  const { gradientBytes } = software;
  const plan = planRun(
    { planner, modelConfig, settings, hardware, nodeSeconds, gradientBytes, zero, batchSize },
    run.gpus,
  );
  return (plan?.tokensPerSecond ?? Number.NaN) / run.tokensPerSecond - 1;
}

const nameOf = ({ software, gpus, hardware, preset }: PublishedRun): string =>
  `${software}, ${gpus} × ${hardware}, ${preset}`;

describe('published runs', () => {
  test.each(FITTED.map((run) => [nameOf(run), run] as const))('fitted: %s within 3 %%', async (_, run) => {
    expect(Math.abs(await errorOf(run))).toBeLessThan(0.03);
  });

  test.each(HELD_OUT.map((run) => [nameOf(run), run] as const))('held out: %s within 15 %%', async (_, run) => {
    expect(Math.abs(await errorOf(run))).toBeLessThan(0.15);
  });
});
