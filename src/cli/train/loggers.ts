/** @file The loggers of a run that trains. One that fails is left out from then on, with one warning: training never waits for it. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runName } from '../../app/server/dashboard/run-information.ts';
import { logRun, RunLog, type RunLogger } from '../../report/log/run-logger.ts';
import { TensorboardLogger } from '../../report/log/tensorboard.ts';
import { TrackioLogger, trackioInbox, trackioProject } from '../../report/log/trackio.ts';
import { giveTrackioId, readTrackioId } from '../../report/log/trackio-id.ts';
import { curvesOf } from '../../report/sources/run-folder.ts';
import { isBefore } from '../../runs/metric-lines.ts';
import { type Metrics, metricsPath, readMetrics } from '../../runs/metrics.ts';
import { messageOf } from '../../support/errors.ts';
import type { StartEvent, TrainerEvent } from '../../train/events.ts';
import type { LoggerName } from './log-to.ts';

/** A logger, and what it has to be told first: measurements of earlier processes. */
interface OpenedLogger {
  readonly logger: RunLogger;
  readonly isMissing: (line: Metrics) => boolean;
}

interface Open {
  readonly logger: RunLogger;
  readonly log: RunLog;
}

export class RunLoggers {
  readonly #names: readonly LoggerName[];
  readonly #warn: (warning: string) => void;
  readonly #open = new Map<LoggerName, Open>();

  constructor(names: readonly LoggerName[], warn: (warning: string) => void) {
    this.#names = names;
    this.#warn = warn;
  }

  /** Opens the loggers when the run starts, and tells them what it measures. */
  async take(event: TrainerEvent): Promise<void> {
    if (event.kind === 'start') for (const name of this.#names) await this.#begin(name, event);
    else if (event.kind === 'train' || event.kind === 'eval' || event.kind === 'sample')
      for (const [name, { log }] of this.#open) this.#attempt(name, () => log.take(event, Date.now() / 1000));
  }

  close(): void {
    for (const [name, { logger }] of this.#open) this.#attempt(name, () => logger.close());
    this.#open.clear();
  }

  async #begin(name: LoggerName, start: StartEvent): Promise<void> {
    try {
      const { logger, isMissing } = name === 'tensorboard' ? openTensorboard(start) : await openTrackio(start);
      const log = new RunLog(logger);
      this.#open.set(name, { logger, log });
      await logHistory(start, isMissing, log);
    } catch (cause) {
      this.#drop(name, cause);
    }
  }

  #attempt(name: LoggerName, work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#drop(name, cause);
    }
  }

  #drop(name: LoggerName, cause: unknown): void {
    const open = this.#open.get(name);
    this.#open.delete(name);
    try {
      open?.logger.close();
    } catch {
      // the first error is the one to report
    }
    this.#warn(`logging to ${name} stopped with an error; training continues: ${messageOf(cause)}`);
  }
}

/** Event files in the run folder. An earlier one has the run up to this step; what it says of this step is said again. */
function openTensorboard({ settings, step }: StartEvent): OpenedLogger {
  const logger = TensorboardLogger.open(join(settings.out, 'tensorboard'), { step, time: Date.now() / 1000 });
  return { logger, isMissing: (line) => !logger.continues || line.step === step };
}

/** A run that starts is another one for trackio, whatever was trained in its folder before. */
async function openTrackio({ settings, step }: StartEvent): Promise<OpenedLogger> {
  const inbox = trackioInbox();
  const { out } = settings;
  const id = (step > 0 ? await readTrackioId(out) : undefined) ?? (await giveTrackioId(out));
  const run = { project: trackioProject(), name: runName(out), id, config: settings };
  return { logger: new TrackioLogger(inbox, run), isMissing: () => true };
}

/** Tells a logger what earlier processes measured and it does not know. */
async function logHistory(
  { settings, step }: StartEvent,
  isMissing: (line: Metrics) => boolean,
  log: RunLog,
): Promise<void> {
  if (step === 0) return;
  const lines = (await readMetrics(settings.out)).filter((line) => isBefore(line, step) && isMissing(line));
  if (lines.length === 0) return;
  const { mtimeMs } = await stat(metricsPath(settings.out));
  logRun({ ...curvesOf(lines), writtenAt: mtimeMs }, log);
}
