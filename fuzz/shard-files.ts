/** @file Shards to begin with, and how they are read: the whole folder inspected, and every batch of an epoch drawn. */

import { mkdirSync } from 'node:fs';
import { BatchLoader } from '#minillm/data/batches/batch-loader.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { inspectDataset } from '#minillm/data/shards/inspect-dataset.js';
import { binHeader, shardHeader } from '#minillm/data/shards/shard-format.js';

export const VOCABULARY = 100;
export const TOKENS = Uint16Array.from({ length: 120 }, (_, index) => (index * 37) % VOCABULARY);

/** The bytes of a shard; of a `.npy` where its name ends so. */
export function shardBytes(name: string, tokens = TOKENS): Buffer {
  const header = name.endsWith('.npy') ? shardHeader(name, tokens.length) : binHeader(tokens.length);
  return Buffer.concat([header, Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength)]);
}

/** Reads a folder of shards. @throws UserError when it is refused. */
export async function readShards(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await inspectDataset(folder, { samples: 2, seed: 1 });
  const { train, close } = await openDataset(folder);
  try {
    const settings = { batchSize: 4, sequenceLength: 8, microSteps: 1, rank: 0, worldSize: 1, seed: 1, shuffle: true };
    const loader = new BatchLoader(train, { ...settings, vocabularySize: VOCABULARY });
    for (let step = 0; step * settings.batchSize < loader.windowsPerEpoch; step++) loader.batch(step, 0);
  } finally {
    close();
  }
}
