/** @file Training over tokens in memory, and the model it makes. */

import type { TokenSplits } from '../data/sharding/tokens-in-memory.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';
import type { Weights } from '../generate/initial-weights.ts';
import type { Metrics } from '../runs/metric-lines.ts';
import { UserError } from '../support/errors.ts';
import type { TrainerEvent } from '../train/events.ts';
import { runOnTokens } from '../train/run-on-tokens.ts';
import type { Settings } from '../train/settings.ts';
import { zipCheckpoint } from './checkpoint-zip.ts';
import { KeptRun } from './kept-run.ts';
import type { RunStorage } from './run-storage.ts';

/** The run is in memory alone. */
const NO_STORAGE: RunStorage = { load: async () => undefined, save: async () => {}, clear: async () => {} };

interface TrainingParts {
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly tokens: TokenSplits;
  readonly signal: AbortSignal | undefined;
  /** Opens a device for a stretch of training, which closes it. */
  openDevice(): Promise<Backend>;
}

/**
 * A training run, which iterating over it does: its events are those of `minillm train`. Leaving the loop early ends it without a
 * checkpoint, aborting its signal with one; iterating again goes on from the newest checkpoint.
 */
export class Training implements AsyncIterable<TrainerEvent> {
  readonly #parts: TrainingParts;
  readonly #run: Promise<KeptRun>;

  /** See `train`. */
  constructor(parts: TrainingParts) {
    this.#parts = parts;
    this.#run = KeptRun.open({ ...parts, storage: NO_STORAGE, onRefused: () => {}, onLost: () => {} });
  }

  /** @throws UserError when the device has too little memory, or the training diverges */
  async *[Symbol.asyncIterator](): AsyncGenerator<TrainerEvent> {
    const store = await this.#run;
    const backend = await this.#parts.openDevice();
    try {
      yield* runOnTokens({ ...this.#parts, backend, store }).events();
    } finally {
      await backend.close();
    }
  }

  /** Steps, evaluations and samples up to now. */
  async metrics(): Promise<readonly Metrics[]> {
    return (await this.#run).metrics;
  }

  /**
   * The newest checkpoint as a zip of a Hugging Face folder, tokenizer included.
   * @param name of the folder in it
   * @throws UserError when there is no checkpoint yet
   */
  async zip(name: string): Promise<Blob> {
    const run = await this.#trained();
    return run.read((tensors) => zipCheckpoint(name, run.modelConfig, tensors));
  }

  /**
   * The weights of the newest checkpoint.
   * @throws UserError when there is no checkpoint yet
   */
  async weights(): Promise<Weights> {
    const run = await this.#trained();
    const name = run.checkpointName(run.step);
    return {
      name,
      path: name,
      config: run.modelConfig,
      load: (session) =>
        run.read(async (tensors) => {
          for (const { name } of gpt2Parameters(run.modelConfig))
            await session.write('parameters', name, tensors.get(name) ?? new Float32Array(0));
        }),
      close: async () => {},
    };
  }

  async #trained(): Promise<KeptRun> {
    const run = await this.#run;
    if (run.step > 0) return run;
    throw new UserError(
      'expected a run with a checkpoint, found none yet; train it to its end, or to its next checkpoint',
    );
  }
}
