/** @file A run kept in its folder: `metrics.jsonl`, `run.json` and the checkpoints. */

import type { Backend } from '../engine/runtime/backend.ts';
import { type Communicator, isWriter } from '../engine/runtime/communicator.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { removeOldCheckpoints, stepFolder } from '../runs/checkpoints.ts';
import { type Metrics, MetricsLog, streamMetrics } from '../runs/metrics.ts';
import { writeRunFacts } from '../runs/run-facts.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { type CheckpointedReplica, contributeToCheckpoint } from './checkpoint-tensors.ts';
import { begin } from './resume.ts';
import type { RunLog, RunProgress, RunStore, StartingPoint } from './run-store.ts';
import type { RecordedSettings } from './settings.ts';
import { versions } from './versions.ts';

export class RunFolder implements RunStore {
  readonly #settings: RecordedSettings;
  readonly #versions: Record<string, string>;
  readonly #communicator: Communicator;

  constructor(settings: RecordedSettings, backend: Backend, communicator: Communicator) {
    this.#settings = settings;
    this.#versions = versions(backend);
    this.#communicator = communicator;
  }

  begin(model: CheckpointedReplica): Promise<StartingPoint> {
    return begin(model, this.#settings);
  }

  async loggedAt(step: number): Promise<Metrics[]> {
    const lines: Metrics[] = [];
    for await (const line of streamMetrics(this.#settings.out)) if (line.step === step) lines.push(line);
    return lines;
  }

  recordStart(modelConfig: Gpt2Config): Promise<void> {
    const facts = { configuration: { ...this.#settings }, versions: this.#versions };
    return writeRunFacts(this.#settings.out, modelConfig, facts);
  }

  openLog(step: number): Promise<RunLog> {
    return MetricsLog.open(this.#settings.out, step);
  }

  checkpointName(step: number): string {
    return stepFolder(this.#settings.out, step);
  }

  async save(model: CheckpointedReplica, progress: RunProgress): Promise<void> {
    if (!isWriter(this.#communicator)) return contributeToCheckpoint(model);
    const { out, seed } = this.#settings;
    await writeCheckpoint(out, model, {
      formatVersion: 1,
      ...progress,
      seed,
      configuration: { ...this.#settings },
      versions: this.#versions,
    });
    await this.removeOld(progress.step);
  }

  removeOld(step: number): Promise<void> {
    return removeOldCheckpoints(this.#settings.out, this.#settings.keep, step);
  }
}
