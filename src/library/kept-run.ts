/**
 * @file A run kept in memory and, as far as the browser allows, in its storage: a refusal is told once, and the run can
 * still be stopped, resumed and downloaded while its page is open.
 */

import { Turns } from '../engine/runtime/turns.ts';
import { elements, type FlatBuffer } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';
import { initialiseParameters } from '../model/parameters.ts';
import { isBefore, type Metrics } from '../runs/metric-lines.ts';
import { messageOf } from '../support/errors.ts';
import type { CheckpointedModel, CheckpointedReplica } from '../train/checkpoint-tensors.ts';
import type { RunLog, RunProgress, RunStore, StartingPoint } from '../train/run-store.ts';
import type { Settings } from '../train/settings.ts';
import type { RunStorage, SavedRun } from './run-storage.ts';

export interface KeptRunParts {
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly storage: RunStorage;
  /** Told that what was kept cannot be used. */
  readonly onLost: () => void;
  /** Told why nothing is kept, the first time. */
  readonly onRefused: (reason: string) => void;
}

export class KeptRun implements RunStore {
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly #storage: RunStorage;
  readonly #onRefused: (reason: string) => void;
  /** Saving and reading take turns, as the tensors are overwritten by each save. */
  readonly #turns = new Turns();
  readonly #tensors: Map<string, Float32Array>;
  #progress: RunProgress | undefined;
  #metrics: Metrics[];
  /** Whether the log has lines that the storage lacks. */
  #isLogNewer = false;
  #isRefused = false;

  private constructor({ settings, modelConfig, storage, onRefused }: KeptRunParts, saved: SavedRun | undefined) {
    this.settings = settings;
    this.modelConfig = modelConfig;
    this.#storage = storage;
    this.#onRefused = onRefused;
    this.#progress = saved?.progress;
    this.#tensors = new Map(saved?.tensors);
    this.#metrics = [...(saved?.metrics ?? [])];
  }

  /** The run that the storage has, with its own settings, or a new one. */
  static async open(parts: KeptRunParts): Promise<KeptRun> {
    let saved: SavedRun | 'damaged' | undefined;
    try {
      saved = await parts.storage.load();
    } catch (cause) {
      parts.onRefused(messageOf(cause));
    }
    if (saved === undefined) return new KeptRun(parts, undefined);
    if (saved === 'damaged' || saved.formatVersion !== 1) {
      parts.onLost();
      return new KeptRun(parts, undefined);
    }
    const { settings, modelConfig } = saved;
    return new KeptRun({ ...parts, settings, modelConfig }, saved);
  }

  /** A new run in the place of this one. */
  forget(parts: KeptRunParts): Promise<KeptRun> {
    return this.#turns.take(async () => {
      try {
        await this.#storage.clear();
      } catch (cause) {
        this.#onRefused(messageOf(cause));
      }
      return new KeptRun(parts, undefined);
    });
  }

  /** Steps of the newest checkpoint; 0 without one. */
  get step(): number {
    return this.#progress?.step ?? 0;
  }

  get metrics(): readonly Metrics[] {
    return this.#metrics;
  }

  /** Does `work` with the newest checkpoint's tensors, which stay as they are meanwhile. */
  read<T>(work: (tensors: ReadonlyMap<string, Float32Array>) => Promise<T>): Promise<T> {
    return this.#turns.take(() => work(this.#tensors));
  }

  async begin(model: CheckpointedModel): Promise<StartingPoint> {
    const state = this.#progress;
    if (!state) {
      await initialiseParameters(model.session, model.config, this.settings.seed);
      return { state, from: undefined, passedOver: [] };
    }
    for (const { name, buffer, key } of places(model))
      await model.session.write(buffer, name, this.#tensors.get(key) ?? new Float32Array(0));
    return { state, from: this.checkpointName(state.step), passedOver: [] };
  }

  async loggedAt(step: number): Promise<Metrics[]> {
    return this.#metrics.filter((line) => line.step === step);
  }

  async recordStart(): Promise<void> {}

  async openLog(step: number): Promise<RunLog> {
    this.#metrics = step === 0 ? [] : this.#metrics.filter((line) => isBefore(line, step));
    return {
      append: (line) => {
        this.#metrics.push(line);
        this.#isLogNewer = true;
      },
      close: () => {},
    };
  }

  checkpointName(step: number): string {
    return `step ${step}`;
  }

  save(model: CheckpointedReplica, progress: RunProgress): Promise<void> {
    return this.#turns.take(async () => {
      for (const { name, buffer, key, count } of places(model)) {
        const target = this.#tensors.get(key) ?? new Float32Array(count);
        await model.session.read(buffer, name, target);
        this.#tensors.set(key, target);
      }
      // the lists go on growing in the run
      const { losses, norms } = progress.recent;
      this.#progress = { ...progress, recent: { losses: [...losses], norms: [...norms] } };
      await this.#keep();
    });
  }

  async removeOld(): Promise<void> {}

  /** Sees to it that what was logged after the newest checkpoint is kept too. */
  flush(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#isLogNewer) await this.#keep();
    });
  }

  async #keep(): Promise<void> {
    if (!this.#progress || this.#isRefused) return;
    this.#isLogNewer = false;
    try {
      await this.#storage.save({
        formatVersion: 1,
        settings: this.settings,
        modelConfig: this.modelConfig,
        progress: this.#progress,
        tensors: this.#tensors,
        metrics: this.#metrics,
      });
    } catch (cause) {
      this.#isRefused = true;
      this.#onRefused(messageOf(cause));
    }
  }
}

/** Every tensor of a checkpoint: where it is in the model, and its name in the file. */
function places({ config, optimizer }: CheckpointedModel) {
  return gpt2Parameters(config).flatMap(({ name, shape }) => {
    const buffers: { buffer: FlatBuffer; end: string }[] = [
      { buffer: 'parameters', end: '' },
      ...optimizer.groupOf({ name, shape }).state.map(({ buffer, suffix }) => ({ buffer, end: `.${suffix}` })),
    ];
    return buffers.map(({ buffer, end }) => ({ name, buffer, key: name + end, count: elements(shape) }));
  });
}
