/** @file What `minillm train` does: reads settings from flags and file, sends events to the terminal and the dashboard. */

import { join } from 'node:path';
import { type DashboardProcess, startDashboard } from '../../app/server/dashboard/dashboard-process.ts';
import { runName } from '../../app/server/dashboard/run-information.ts';
import { DEFAULT_DEVICE, type DeviceName } from '../../backends/device-names.ts';
import { findLaunchedWorld } from '../../distributed/launched-world.ts';
import { PARENT_VARIABLE } from '../../distributed/launcher-watch.ts';
import { type Communicator, isWriter } from '../../engine/runtime/communicator.ts';
import { messageOf } from '../../support/errors.ts';
import { writeFileAtomic } from '../../support/files.ts';
import { processorCount } from '../../support/processors.ts';
import { firstThenOthers } from '../../train/agreement.ts';
import type { StartEvent } from '../../train/events.ts';
import { renderTrace } from '../../train/profile.ts';
import { type ResolvedRun, resolveSettings } from '../../train/resolve-settings.ts';
import type { GivenSettings, Settings } from '../../train/settings.ts';
import { train } from '../../train/trainer.ts';
import { dashboardAddress } from '../dashboard/flags.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { localHellaswag } from '../inputs/hellaswag.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals, STOP_NOTICE } from '../terminal/signals.ts';
import { startFacts } from './lines.ts';
import type { LoggerName } from './log-to.ts';
import { RunLoggers } from './loggers.ts';
import { openTrainOutput, type TrainOutput } from './output.ts';
import { asRank } from './ranks.ts';
import { readSettingsFile } from './settings-file.ts';

export interface TrainOptions {
  readonly printConfig: boolean;
  readonly json: boolean;
  readonly profile: boolean;
  readonly panel: boolean;
  /** Programs to log to besides. */
  readonly logTo: readonly LoggerName[];
  /** A port, true for the default one, or false for no dashboard. */
  readonly dashboard: number | boolean;
  readonly dashboardHost: string;
  /** Seconds another rank may answer nothing. */
  readonly rankTimeout: number;
}

export async function runTraining(
  flags: GivenSettings,
  configFile: string | undefined,
  options: TrainOptions,
): Promise<void> {
  if (options.printConfig) {
    const { settings } = await resolve(flags, configFile);
    console.log(JSON.stringify(settings, null, 2));
    return;
  }
  const launched = findLaunchedWorld(process.env);
  const { rankTimeout: timeoutSeconds } = options;
  const device = await chosenDevice(flags, configFile);
  const work = (signal?: AbortSignal) =>
    asRank({ timeoutSeconds, device }, async ({ communicator, threads }) => {
      const run = await firstThenOthers(communicator, isWriter(communicator), () =>
        prepare(flags, configFile, threads),
      );
      if (isWriter(communicator)) await trainAndReport(run, communicator, options, signal);
      else await trainSilently(run, communicator, options, signal);
    });
  // a signal that comes while ranks still find each other must reach all of them
  if (!launched) return work();
  await abortOnSignals(
    async (signal) => {
      await work(signal);
      // `--processes` gives the signal's code itself; by any other than 0 `mpirun` would report a failure
      if (signal.aborted && PARENT_VARIABLE in process.env) process.exitCode = 0;
    },
    launched.rank === 0 ? STOP_NOTICE : false,
  );
}

/** The device that flags or file name. */
export async function chosenDevice(flags: GivenSettings, configFile: string | undefined): Promise<DeviceName> {
  const file = configFile ? await readSettingsFile(configFile) : {};
  return flags.device ?? file.device ?? DEFAULT_DEVICE;
}

/** @param threads those of a run that asks for no number of them */
async function resolve(
  flags: GivenSettings,
  configFile: string | undefined,
  threads = processorCount(),
): Promise<ResolvedRun> {
  const file = configFile ? await readSettingsFile(configFile) : {};
  return resolveSettings(flags, { threads, ...file }, (init) => localCheckpoint(init, new Progress()));
}

/** Settings decided, and what they name on the hub fetched. */
async function prepare(flags: GivenSettings, configFile: string | undefined, threads: number): Promise<ResolvedRun> {
  const run = await resolve(flags, configFile, threads);
  if (run.settings.evalEvery !== 0) await localHellaswag(run.settings.hellaswag, new Progress());
  return run;
}

/** @param signal of a rank; without one, signals are heard from here on */
async function trainAndReport(
  run: ResolvedRun,
  communicator: Communicator,
  options: TrainOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { settings } = run;
  // a launcher may give its ranks a terminal that nobody sees
  const output = openTrainOutput({ ...options, panel: options.panel && communicator.size === 1 });
  const loggers = new RunLoggers(options.logTo, (warning) => output.note(warning));
  try {
    const dashboard = options.dashboard === false ? undefined : await openDashboard(settings, options, output);
    const work = async (signal: AbortSignal): Promise<void> => {
      for await (const event of train(run, { signal, profile: options.profile, communicator })) {
        await output.take(event);
        await loggers.take(event);
        if (event.kind === 'start') dashboard?.describe(describe(event));
        if (event.kind === 'profile')
          await writeFileAtomic(join(settings.out, 'profile.json'), renderTrace(event.nodes));
      }
    };
    if (signal) await work(signal);
    else await abortOnSignals(work);
    dashboard?.close();
  } finally {
    loggers.close();
    output.close();
  }
}

/** Trains as a rank that prints nothing; its events are those of rank 0. */
async function trainSilently(
  run: ResolvedRun,
  communicator: Communicator,
  { profile }: Pick<TrainOptions, 'profile'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const _ of train(run, { ...(signal && { signal }), profile, communicator }));
}

async function openDashboard(
  { out }: Settings,
  { dashboard, dashboardHost }: TrainOptions,
  output: TrainOutput,
): Promise<DashboardProcess> {
  const address = dashboardAddress(dashboardHost, typeof dashboard === 'number' ? dashboard : undefined);
  const served = await startDashboard({ folder: out, address }, (cause) =>
    output.note(`the dashboard stopped with an error; training continues: ${messageOf(cause)}`),
  );
  output.note(`dashboard: ${served.url}`);
  return served;
}

/** What the dashboard says of the run. */
function describe(start: StartEvent) {
  const { settings } = start;
  const { out, steps, totalBatchSize } = settings;
  return { name: runName(out), steps, tokensPerStep: totalBatchSize, facts: startFacts(start), settings };
}
