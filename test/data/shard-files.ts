import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ShardSet } from '#minillm/data/shards/dataset.js';
import { Shard } from '#minillm/data/shards/shard.js';
import { ShardWriter } from '#minillm/data/shards/shard-writer.js';

/** Writes a `.bin` shard by the program's own writer. */
export async function writeBin(path: string, tokens: Iterable<number>): Promise<void> {
  const values = Uint16Array.from(tokens);
  const writer = await ShardWriter.create(path, values.length);
  await writer.append(values);
  await writer.close();
}

/** Writes a `.npy` file as numpy.save does: header padded to 64 bytes. */
export function writeNpy(path: string, tokens: Iterable<number>, changes: { header?: string; version?: number } = {}) {
  const values = Uint16Array.from(tokens);
  const version = changes.version ?? 1;
  const dictionary = changes.header ?? `{'descr': '<u2', 'fortran_order': False, 'shape': (${values.length},), }`;
  const prefix = version === 1 ? 10 : 12;
  const header = `${dictionary.padEnd(Math.ceil((prefix + dictionary.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const start = Buffer.alloc(prefix);
  start.write('\x93NUMPY', 'latin1');
  start[6] = version;
  if (version === 1) start.writeUInt16LE(header.length, 8);
  else start.writeUInt32LE(header.length, 8);
  writeFileSync(path, Buffer.concat([start, Buffer.from(header, 'latin1'), Buffer.from(values.buffer)]));
}

/** Shards in `folder` that hold the numbers 0, 1, 2, …, so that a token says where it stands. */
export async function countingShards(folder: string, lengths: number[]): Promise<ShardSet> {
  let next = 0;
  const shards: Shard[] = [];
  for (const [i, length] of lengths.entries()) {
    const path = join(folder, `train_${i}.bin`);
    await writeBin(
      path,
      Array.from({ length }, () => next++),
    );
    const shard = new Shard(path);
    onTestFinished(() => shard.close());
    shards.push(shard);
  }
  return new ShardSet(shards);
}
