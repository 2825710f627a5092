/** @file A run that has not started: what its ranks hold and do, for any micro-batch and number of ranks. */

import type { Backend } from '../engine/runtime/backend.ts';
import { fullestRank } from '../engine/shard.ts';
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
  readonly #planned = new Map<string, ReturnType<typeof planAll>>();

  /** Bytes that a rank takes besides what is planned. */
  readonly ownBytes: number;

  /** @param backend a device, or a null backend that stands for one: its memory bounds the batch */
  constructor(modelConfig: Gpt2Config, backend: Backend, settings: Settings, ownBytes: number) {
    this.ownBytes = ownBytes;
    this.#modelConfig = modelConfig;
    this.#backend = backend;
    this.#settings = settings;
  }

  /** One of `ranks` ranks with micro-batches of `batch` rows: with ZeRO-1 the one with the most to update. */
  rank(batch: number, ranks: Ranks): PlannedRank {
    const { layout, plans } = this.#plan(batch, ranks);
    return {
      workload: {
        gradients: workOf(plans.gradients),
        lastGradients: workOf(plans.lastGradients),
        update: workOf(plans.update),
      },
      memory: memoryParts(layout, Object.values(plans)),
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

  #plan(batch: number, { ranks, zero }: Ranks) {
    const isSharded = zero === 1 && ranks > 1;
    // two ranks, so that the last micro-step has its sums; without shards, how many more there are changes no plan
    const size = isSharded ? ranks : 2;
    const key = `${batch} ${isSharded ? size : 'whole'}`;
    const known = this.#planned.get(key);
    if (known) return known;
    const settings = { ...this.#settings, batchSize: batch, zero: isSharded ? 1 : 0 };
    const plan = (rank: number) =>
      planAll(this.#modelConfig, this.#backend, settings, createOptimizer(settings), { rank, size });
    const first = plan(0);
    const rank = fullestRank(first.layout);
    const planned = rank === 0 ? first : plan(rank);
    this.#planned.set(key, planned);
    return planned;
  }
}
