/** @file What a run took, beside what this machine predicts for it. */

import { join } from 'node:path';
import { readGpt2Config } from '../../formats/gpt2-config-file.ts';
import { PRESET_NAMES, PRESETS } from '../../model/presets.ts';
import { planRun } from '../../plan/run-plan.ts';
import { resolveCheckpoint } from '../../runs/checkpoints.ts';
import { readMetrics, type TrainMetrics } from '../../runs/metrics.ts';
import { readRunFacts } from '../../runs/run-facts.ts';
import { UserError } from '../../support/errors.ts';
import { formatCount } from '../../support/format.ts';
import { median } from '../../support/median.ts';
import { completeSettings } from '../../train/resolve-settings.ts';
import { chooseSettings, forkedSettings } from '../../train/settings.ts';
import { textTable } from '../terminal/table.ts';
import { openModel } from './open-model.ts';

/** Measures this machine for the run's settings and prints predicted beside measured. */
export async function compareRun(run: string, json: boolean): Promise<void> {
  const facts = await readRunFacts(run);
  const steps = (await readMetrics(run)).filter((line): line is TrainMetrics => line.kind === 'train');
  if (!facts || steps.length === 0)
    throw new UserError(
      `${run}: expected a run folder with at least one step, found ${facts ? 'no step' : 'no run.json'}; \`minillm runs\` lists runs`,
    );
  const given = forkedSettings(facts.configuration);
  const preset = PRESET_NAMES.find((name) => name === facts.configuration.preset);
  const modelConfig = preset
    ? PRESETS[preset]
    : await readGpt2Config(join(await resolveCheckpoint(run), 'config.json'));
  // a plan reads no data and writes no run
  const chosen = chooseSettings({ ...given, preset: preset ?? 'gpt2-124m', data: 'none', out: 'none' });
  const settings = completeSettings(chosen, modelConfig.contextLength);
  const model = await openModel({
    hardware: 'this',
    software: 'llm.c',
    settings,
    modelConfig,
    zero: 0,
    batchSize: settings.batchSize,
  });
  try {
    const plan = planRun(model, 1);
    if (!plan) throw new UserError(`${run}: its batch does not fit this machine`);
    const seconds = median(steps.map(({ ms }) => ms)) / 1000;
    const compared = [
      { what: 'step, seconds', predicted: plan.time.seconds, measured: seconds },
      { what: 'tokens/s', predicted: plan.tokensPerSecond, measured: settings.totalBatchSize / seconds },
      { what: 'MFU', predicted: plan.mfu, measured: median(steps.map(({ mfu }) => mfu)) },
      {
        what: `${formatCount(steps.length)} steps, seconds`,
        predicted: steps.length * plan.time.seconds,
        measured: steps.reduce((sum, { ms }) => sum + ms / 1000, 0),
      },
    ];
    if (json) console.log(JSON.stringify({ run, predictedBytes: plan.bytes, compared }));
    else
      console.log(
        textTable(
          ['', 'predicted', 'measured', 'error'],
          compared.map(({ what, predicted, measured }) => [
            what,
            predicted.toPrecision(4),
            measured.toPrecision(4),
            `${(100 * (predicted / measured - 1)).toFixed(1)} %`,
          ]),
        ),
      );
  } finally {
    await model.close();
  }
}
