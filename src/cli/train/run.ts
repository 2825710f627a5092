/** @file What `minillm train` does: reads settings from flags and file, sends events to the terminal and the dashboard. */

import { join } from 'node:path';
import { type DashboardThread, startDashboard } from '../../app/server/dashboard/dashboard-thread.ts';
import { runName } from '../../app/server/dashboard/run-information.ts';
import { messageOf } from '../../support/errors.ts';
import { writeFileAtomic } from '../../support/files.ts';
import type { StartEvent } from '../../train/events.ts';
import { renderTrace } from '../../train/profile.ts';
import { resolveSettings } from '../../train/resolve-settings.ts';
import type { GivenSettings, Settings } from '../../train/settings.ts';
import { train } from '../../train/trainer.ts';
import { dashboardAddress } from '../dashboard/flags.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { localHellaswag } from '../inputs/hellaswag.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { startFacts } from './lines.ts';
import { openTrainOutput, type TrainOutput } from './output.ts';
import { readSettingsFile } from './settings-file.ts';

export interface TrainOptions {
  readonly printConfig: boolean;
  readonly json: boolean;
  readonly profile: boolean;
  readonly panel: boolean;
  /** A port, true for the default one, or false for no dashboard. */
  readonly dashboard: number | boolean;
  readonly dashboardHost: string;
}

export async function runTraining(
  flags: GivenSettings,
  configFile: string | undefined,
  options: TrainOptions,
): Promise<void> {
  const file = configFile ? await readSettingsFile(configFile) : {};
  const run = await resolveSettings(flags, file, (init) => localCheckpoint(init, new Progress()));
  const { settings } = run;
  if (options.printConfig) {
    console.log(JSON.stringify(settings, null, 2));
    return;
  }
  if (settings.evalEvery !== 0) await localHellaswag(settings.hellaswag, new Progress());
  const output = openTrainOutput(options);
  try {
    const dashboard = options.dashboard === false ? undefined : await openDashboard(settings, options, output);
    await abortOnSignals(async (signal) => {
      for await (const event of train(run, { signal, profile: options.profile })) {
        await output.take(event);
        if (event.kind === 'start') dashboard?.describe(describe(event));
        if (event.kind === 'profile')
          await writeFileAtomic(join(settings.out, 'profile.json'), renderTrace(event.nodes));
      }
    });
    await dashboard?.close();
  } finally {
    output.close();
  }
}

async function openDashboard(
  { out }: Settings,
  { dashboard, dashboardHost }: TrainOptions,
  output: TrainOutput,
): Promise<DashboardThread> {
  const address = dashboardAddress(dashboardHost, typeof dashboard === 'number' ? dashboard : undefined);
  const thread = await startDashboard({ folder: out, address }, (cause) =>
    output.note(`the dashboard stopped with an error; training continues: ${messageOf(cause)}`),
  );
  output.note(`dashboard: ${thread.url}`);
  return thread;
}

/** What the dashboard says of the run. */
function describe(start: StartEvent) {
  const { settings } = start;
  return { name: runName(settings.out), steps: settings.steps, facts: startFacts(start), settings };
}
