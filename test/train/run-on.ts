/** @file Runs of the fixture's model on a backend and as a rank that a test chooses. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BatchLoader } from '#minillm/data/batches/batch-loader.js';
import { evaluationBatches } from '#minillm/data/batches/evaluation-batches.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { type Communicator, singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Random } from '#minillm/support/random.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import { countMicroSteps } from '#minillm/train/micro-steps.js';
import { resolveSettings } from '#minillm/train/resolve-settings.js';
import { Run } from '#minillm/train/run.js';
import { RunFolder } from '#minillm/train/run-folder.js';
import type { GivenSettings } from '#minillm/train/settings.js';
import { writeBin } from '../data/shard-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));

/** Shards of text-like tokens: a few of the fixture's 500 are frequent, so that there is something to learn. */
export async function fixtureShards(folder = temporaryFolder()): Promise<string> {
  const random = new Random(5, 'tokens');
  const tokens = Array.from({ length: 6000 }, () => Math.floor(500 * random.uniform() ** 3));
  await writeBin(join(folder, 'val_000000.bin'), tokens.slice(0, 500));
  await writeBin(join(folder, 'train_000001.bin'), tokens.slice(500));
  return folder;
}

export interface RunOnOptions {
  readonly backend: Backend;
  readonly communicator?: Communicator;
  readonly signal?: AbortSignal;
  readonly settings: GivenSettings & { readonly data: string; readonly out: string };
  /** Receives each event as it comes. */
  readonly onEvent?: (event: TrainerEvent) => void;
}

/** All events of a run; the backend stays open. */
export async function runOn({
  backend,
  communicator = singleProcess,
  signal,
  settings: given,
  onEvent = () => {},
}: RunOnOptions): Promise<TrainerEvent[]> {
  const quiet = { init: FIXTURE, evalEvery: 0, sampleEvery: 0, checkpointEvery: 0 };
  const { settings, modelConfig } = await resolveSettings({ ...quiet, ...given });
  const { rank, size } = communicator;
  // a tenth of a second of each rank to measure, for nothing but the MFU
  backend.peak = () => Promise.resolve(1e11);
  const microSteps = countMicroSteps(settings, size);
  const dataset = await openDataset(settings.data);
  try {
    const { vocabularySize } = modelConfig;
    const { batchSize, sequenceLength, evalTokens: maxTokens } = settings;
    const share = { batchSize, sequenceLength, rank, worldSize: size, vocabularySize };
    mkdirSync(settings.out, { recursive: true });
    const recorded = { ...settings, trainTokens: dataset.train.tokenCount };
    const run = new Run({
      settings: recorded,
      modelConfig,
      microSteps,
      backend,
      communicator,
      loader: new BatchLoader(dataset.train, { ...share, microSteps, seed: settings.seed, shuffle: settings.shuffle }),
      validation: settings.evalEvery > 0 ? evaluationBatches(dataset.validation, { ...share, maxTokens }) : undefined,
      hellaswag: undefined,
      store: new RunFolder(recorded, backend, communicator),
      signal,
      profile: false,
      processBytes: 0,
    });
    const events: TrainerEvent[] = [];
    for await (const event of run.events()) {
      events.push(event);
      onEvent(event);
    }
    return events;
  } finally {
    dataset.close();
  }
}

/** The losses of the steps of a run. */
export function lossesOf(events: readonly TrainerEvent[]): number[] {
  return events.flatMap((event) => (event.kind === 'train' ? [event.loss] : []));
}
