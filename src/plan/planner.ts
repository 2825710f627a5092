/** @file A run that has not started: what its ranks hold and do, for any micro-batch and number of ranks. */

import type { Backend } from '../engine/runtime/backend.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { createOptimizer } from '../train/optimizers/create.ts';
import type { Settings } from '../train/settings.ts';
import { planAll } from '../train/training-model.ts';
import { bytesOf, type MemoryParts, memoryParts } from './memory.ts';
import type { Ranks } from './step-time.ts';
import { type Workload, workOf } from './workload.ts';

export interface PlannedRank {
  readonly workload: Workload;
  readonly memory: MemoryParts;
}

export class Planner {
  readonly #modelConfig: Gpt2Config;
  readonly #backend: Backend;
  readonly #settings: Settings;
  readonly #planned = new Map<number, ReturnType<typeof planAll>>();

  /** Bytes that a rank takes besides what is planned. */
  readonly ownBytes: number;

  /** @param backend a device, or a null backend that stands for one: its memory bounds the batch */
  constructor(modelConfig: Gpt2Config, backend: Backend, settings: Settings, ownBytes: number) {
    this.ownBytes = ownBytes;
    this.#modelConfig = modelConfig;
    this.#backend = backend;
    this.#settings = settings;
  }

  /** One of `ranks` ranks with micro-batches of `batch` rows. */
  rank(batch: number, ranks: Ranks): PlannedRank {
    const { layout, plans } = this.#plan(batch);
    return {
      workload: {
        gradients: workOf(plans.gradients),
        lastGradients: workOf(plans.lastGradients),
        update: workOf(plans.update),
      },
      memory: memoryParts(layout, [...new Set(Object.values(plans))], ranks),
    };
  }

  /** Bytes of a rank on its device, all included. */
  bytes(batch: number, ranks: Ranks): number {
    return bytesOf(this.rank(batch, ranks).memory) + this.ownBytes;
  }

  /** Whether a rank fits its device. */
  fits(batch: number, ranks: Ranks): boolean {
    return this.bytes(batch, ranks) <= this.#backend.memory().available;
  }

  /** The rows of the largest micro-batch, of at most `max` rows, that fits; 0 when none does. A plan grows with its batch. */
  largestBatch(ranks: Ranks, max: number): number {
    let [fits, tooLarge] = [0, max + 1];
    while (tooLarge - fits > 1) {
      const middle = Math.floor((fits + tooLarge) / 2);
      // a batch that is far too large takes long to plan
      const batch = tooLarge > max ? Math.min(Math.max(1, 2 * fits), middle) : middle;
      if (this.fits(batch, ranks)) fits = batch;
      else tooLarge = batch;
    }
    return fits;
  }

  #plan(batch: number) {
    const known = this.#planned.get(batch);
    if (known) return known;
    const settings = { ...this.#settings, batchSize: batch, zero: 0 };
    // two ranks, so that the last micro-step has its sums; how many more there are changes no plan
    const planned = planAll(this.#modelConfig, this.#backend, settings, createOptimizer(settings), {
      rank: 0,
      size: 2,
    });
    this.#planned.set(batch, planned);
    return planned;
  }
}
