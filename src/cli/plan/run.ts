/** @file What `minillm plan` does: the run and the hardware from the flags, the plan as lines, JSON or a picture. */

import { extname } from 'node:path';
import { PRESETS } from '../../model/presets.ts';
import { runCost } from '../../plan/cost.ts';
import { planRun, type RunPlan } from '../../plan/run-plan.ts';
import { doublings, lastWorthwhile, type ScalingPoint, scaling } from '../../plan/scaling.ts';
import type { SoftwareName } from '../../plan/software.ts';
import { UserError } from '../../support/errors.ts';
import { writeFileAtomic } from '../../support/files.ts';
import { completeSettings } from '../../train/resolve-settings.ts';
import { chooseSettings, type GivenSettings, type Settings } from '../../train/settings.ts';
import { compareRun } from './compare-run.ts';
import { planLines } from './lines.ts';
import { openModel, type PlanModel } from './open-model.ts';

export interface PlanFlags {
  readonly run?: string;
  readonly hardware: string;
  readonly software: SoftwareName;
  readonly gpus?: readonly number[];
  readonly nodes?: number;
  readonly price?: number;
  readonly energyPrice?: number;
  readonly out?: string;
  readonly json?: true;
}

/** A table ends here, or where each device has one row. */
const MAX_TABLE = 4096;

export async function runPlan(flags: PlanFlags & GivenSettings): Promise<void> {
  const { run, hardware, software, gpus, nodes, price, energyPrice, out, json, ...given } = flags;
  if (out !== undefined && !['.svg', '.png'].includes(extname(out)))
    throw new UserError(`--out: expected a name that ends in .svg or .png, found ${out}`);
  if (run !== undefined) return compareRun(run, json ?? false);
  const settings = settingsOf(given, hardware);
  const model = await openModel({
    hardware,
    software,
    settings,
    modelConfig: PRESETS[settings.preset ?? 'gpt2-124m'],
    zero: settings.zero === 1 ? 1 : 0,
    batchSize: given.batchSize ?? (hardware === 'this' ? settings.batchSize : undefined),
  });
  try {
    const counts = gpus ?? [(nodes ?? 1) * model.hardware.devicesPerNode];
    const plan = firstPlan(model, counts);
    const rows = settings.totalBatchSize / settings.sequenceLength;
    // how machines like this one are linked is not known
    const isGiven = counts.length > 1 || hardware === 'this';
    const points = scaling(model, isGiven ? counts : doublings(Math.min(rows, MAX_TABLE)));
    const outcome = {
      model,
      plan,
      largestBatch: model.planner.largestBatch({ ranks: plan.ranks, zero: model.zero }, rows),
      cost: runCost(plan, settings.steps, model.hardware, { deviceHour: price, energy: energyPrice }),
      points,
      worthwhile: lastWorthwhile(points),
    };
    if (json) {
      const { model: _, ...figures } = outcome;
      console.log(JSON.stringify({ hardware: model.hardware, software: model.softwareName, ...figures }));
    } else console.log(planLines(outcome).join('\n'));
    if (out !== undefined) await draw(out, model, points);
  } finally {
    await model.close();
  }
}

/** Settings as `train` would complete them; a GPU is planned in bf16 unless a precision is given. */
function settingsOf(given: GivenSettings, hardware: string): Settings {
  const preset = given.preset ?? 'gpt2-124m';
  const precision = given.precision ?? (hardware === 'this' ? 'fp32' : 'bf16');
  // a plan reads no data and writes no run
  const chosen = chooseSettings({ ...given, preset, precision, data: 'none', out: 'none' });
  return completeSettings(chosen, PRESETS[preset].contextLength);
}

function firstPlan(model: PlanModel, counts: readonly number[]): RunPlan {
  const [ranks = 1] = counts;
  const plan = planRun(model, ranks);
  if (plan) return plan;
  const { totalBatchSize, sequenceLength } = model.settings;
  const rows = totalBatchSize / sequenceLength;
  if (!Number.isInteger(rows / ranks))
    throw new UserError(
      `expected a total batch that ${ranks} devices can share, found ${totalBatchSize} tokens: ${rows} rows of ${sequenceLength}; give another --total-batch-size or --gpus`,
    );
  throw new UserError(
    `${model.hardware.name} has too little memory for one row of ${sequenceLength} tokens; take a smaller model, --zero 1 or a shorter --sequence-length`,
  );
}

async function draw(path: string, model: PlanModel, points: readonly ScalingPoint[]): Promise<void> {
  // loaded only now: what the charts take would be counted as what training takes
  const { drawPng, drawSvg } = await import('../../report/figure/draw.ts');
  const { scalingFigure } = await import('../../report/figure/scaling-figure.ts');
  const { preset, totalBatchSize } = model.settings;
  const title = `${preset} on ${model.hardware.name}, ${totalBatchSize.toLocaleString('en-US')} tokens a step`;
  const figure = scalingFigure(points, { title, theme: 'light' });
  const svg = drawSvg(figure.option, figure);
  await writeFileAtomic(path, extname(path) === '.png' ? drawPng(svg) : svg);
  console.error(`wrote ${path}`);
}
