/** @file The inputs of one target, shared out among worker processes, and what became of them. */

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from './worker-order.ts';
import { type BatchOutcome, type Bounds, type Failure, WorkerProcess } from './worker-process.ts';

export interface CampaignOptions {
  /** The URL of a module that exports `target`. */
  readonly target: string;
  readonly seed: number;
  /** The first input and the one after the last. */
  readonly from?: number;
  readonly to: number;
  /** No new batch is begun once this is aborted. */
  readonly signal?: AbortSignal;
  readonly processes: number;
  readonly bounds?: Bounds;
  /** Called for each failure when it is found. */
  readonly onFailure?: (failure: Failure) => void;
}

export interface CampaignReport {
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failures: number;
  /** The most CPU time an input took, and its index. */
  readonly slowestMilliseconds: number;
  readonly slowestIndex: number;
  /** Of one process. */
  readonly peakBytes: number;
  /** The most memory that a process gained between its first batch and a later one. */
  readonly growthBytes: number;
}

export const DEFAULT_BOUNDS: Bounds = {
  cpuMilliseconds: 10_000,
  memoryBytes: 1 << 30,
  growthBytes: 200e6,
  growthFiles: 50,
};

/** Inputs that a process is handed at once. */
const BATCH = 200;
/** A target that has failed so often is given up. */
export const MAX_FAILURES = 20;

/** Reads the inputs of a target. A process that an input ended is followed by another, which goes on after that input. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'minillm-fuzz-'));
  try {
    const campaign = new Campaign(options);
    const lanes = Array.from({ length: options.processes }, (_, lane) => campaign.work(join(root, String(lane))));
    await Promise.all(lanes);
    return campaign.report;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

class Campaign {
  readonly report = {
    inputs: 0,
    accepted: 0,
    refused: 0,
    failures: 0,
    slowestMilliseconds: 0,
    slowestIndex: 0,
    peakBytes: 0,
    growthBytes: 0,
  };
  readonly #options: CampaignOptions;
  readonly #bounds: Bounds;
  /** What is left of batches that an input ended. */
  readonly #rests: Batch[] = [];
  #next: number;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? DEFAULT_BOUNDS;
    this.#next = options.from ?? 0;
  }

  /** Works with one process after another until there is nothing left to do. */
  async work(folder: string): Promise<void> {
    for (let batch = this.#take(); batch !== undefined; batch = this.#take()) {
      rmSync(folder, { recursive: true, force: true });
      const files = join(folder, 'files');
      mkdirSync(files, { recursive: true });
      const { target, seed } = this.#options;
      const { memoryBytes } = this.#bounds;
      const order = { target, seed, folder: files, progressPath: join(folder, 'progress'), memoryBytes };
      const worker = new WorkerProcess(order, this.#bounds);
      try {
        await worker.start();
        await this.#workWith(worker, batch);
      } finally {
        await worker.stop();
      }
    }
  }

  #take(): Batch | undefined {
    const { to, signal } = this.#options;
    if (signal?.aborted || this.report.failures >= MAX_FAILURES) return undefined;
    const rest = this.#rests.pop();
    if (rest !== undefined || this.#next >= to) return rest;
    const from = this.#next;
    this.#next = Math.min(to, from + BATCH);
    return { from, to: this.#next };
  }

  /** Has a process read batches until it ends, has grown too much, or nothing is left. */
  async #workWith(worker: WorkerProcess, firstBatch: Batch): Promise<void> {
    let first: BatchOutcome['end'];
    let start: BatchOutcome['end'];
    for (let batch: Batch | undefined = firstBatch; batch !== undefined; batch = this.#take()) {
      const outcome = await worker.run(batch);
      this.#count(batch, outcome, worker.peakBytes);
      const { end } = outcome;
      if (end === undefined) return;
      first ??= end;
      start ??= end;
      const gained = end.residentBytes - start.residentBytes;
      const files = end.openFiles - start.openFiles;
      this.report.growthBytes = Math.max(this.report.growthBytes, end.residentBytes - first.residentBytes);
      if (gained > this.#bounds.growthBytes && start === first) {
        // what one large input took may stay with the allocator; a leak goes on
        start = end;
        continue;
      }
      const grown =
        gained > this.#bounds.growthBytes
          ? `${Math.round(gained / 1e6)} MB`
          : files > this.#bounds.growthFiles && `${files} open files`;
      if (grown) return this.#fail({ index: batch.to - 1, reason: `growth: ${grown} more than earlier` });
    }
  }

  #count(batch: Batch, { progress, failures, end }: BatchOutcome, peakBytes: number): void {
    const { report } = this;
    const next = end ? batch.to : progress.index + 1;
    if (next < batch.to) this.#rests.push({ from: next, to: batch.to });
    report.inputs += next - batch.from;
    report.accepted += progress.accepted;
    report.refused += progress.refused;
    report.peakBytes = Math.max(report.peakBytes, peakBytes, end?.peakBytes ?? 0);
    if (progress.slowestMilliseconds > report.slowestMilliseconds) {
      report.slowestMilliseconds = progress.slowestMilliseconds;
      report.slowestIndex = progress.slowestIndex;
    }
    for (const failure of failures) this.#fail(failure);
  }

  #fail(failure: Failure): void {
    this.report.failures++;
    this.#options.onFailure?.(failure);
  }
}
