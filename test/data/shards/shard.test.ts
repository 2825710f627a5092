import { createHash } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Shard } from '#minillm/data/shards/shard.js';
import { shardHeader } from '#minillm/data/shards/shard-format.js';
import { ShardWriter } from '#minillm/data/shards/shard-writer.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeBin, writeNpy } from '../shard-files.ts';

const tokens = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 50257);

function expectRefused(path: string, message: string): void {
  let caught: unknown;
  try {
    new Shard(path);
  } catch (cause) {
    caught = cause;
  }
  expect(caught).toBeInstanceOf(UserError);
  expect((caught as Error).message).toContain(message);
}

describe('a .bin shard', () => {
  it('has llm.c’s layout: 256 int32 of header, then uint16 tokens', async () => {
    const path = join(temporaryFolder(), 'train_000001.bin');
    await writeBin(path, tokens);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(1024 + 2 * tokens.length);
    expect([0, 4, 8, 12].map((offset) => bytes.readInt32LE(offset))).toEqual([20240520, 1, tokens.length, 0]);
    expect(tokens.map((_, i) => bytes.readUInt16LE(1024 + 2 * i))).toEqual(tokens);
  });

  it('gives back any slice of what was written', async () => {
    const path = join(temporaryFolder(), 'train_000001.bin');
    await writeBin(path, tokens);
    const shard = new Shard(path);
    expect(shard.tokenCount).toBe(tokens.length);
    expect([...shard.read(0, tokens.length)]).toEqual(tokens);
    expect([...shard.read(990, 10)]).toEqual(tokens.slice(990));
    shard.close();
  });

  it('is hashed as it is written, also when it ends before the expected count', async () => {
    for (const expected of [6, 10]) {
      const path = join(temporaryFolder(), 'train_000001.bin');
      const writer = await ShardWriter.create(path, expected);
      await writer.append(Uint16Array.of(1, 2, 3));
      await writer.append(Uint16Array.of(4, 5, 6));
      const written = await writer.close();
      expect(written.tokens).toBe(6);
      expect(written.sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
      const shard = new Shard(path);
      expect([...shard.read(0, shard.tokenCount)]).toEqual([1, 2, 3, 4, 5, 6]);
      shard.close();
    }
  });

  it('is refused when it is short, naming the file and both counts', async () => {
    const path = join(temporaryFolder(), 'train_000003.bin');
    await writeBin(path, tokens);
    truncateSync(path, 1024 + 2 * 990 + 1);
    expectRefused(path, 'shard train_000003.bin: header says 1000 tokens, file holds 990; download it again');
    truncateSync(path, 100);
    expectRefused(path, 'shard train_000003.bin: expected a header of 1024 bytes, found 100');
  });

  it('is refused on a wrong magic or version', () => {
    const path = join(temporaryFolder(), 'train.bin');
    writeFileSync(path, Buffer.alloc(2048, 7));
    expectRefused(path, 'shard train.bin: expected magic 20240520 (llm.c), found 117901063');
    const header = shardHeader(path, 0);
    header.writeInt32LE(2, 4);
    writeFileSync(path, header);
    expectRefused(path, 'shard train.bin: expected version 1, found 2');
  });

  it('is refused when it is not there', () => {
    expectRefused(join(temporaryFolder(), 'train.bin'), 'could not open it');
  });
});

describe('a .npy shard', () => {
  it('is written to the byte as numpy.save does', async () => {
    const path = join(temporaryFolder(), 'edufineweb_val_000000.npy');
    const writer = await ShardWriter.create(path, tokens.length);
    await writer.append(Uint16Array.from(tokens));
    await writer.close();
    const description = "{'descr': '<u2', 'fortran_order': False, 'shape': (1000,), }";
    const header = Buffer.from(`\x93NUMPY\x01\x00v\x00${description.padEnd(117)}\n`, 'latin1');
    expect(readFileSync(path)).toEqual(Buffer.concat([header, Buffer.from(Uint16Array.from(tokens).buffer)]));
  });

  it.each([1, 2])('of format version %i is read', (version) => {
    const path = join(temporaryFolder(), 'edufineweb_val_000000.npy');
    writeNpy(path, tokens, { version });
    const shard = new Shard(path);
    expect([...shard.read(0, shard.tokenCount)]).toEqual(tokens);
    shard.close();
  });

  it('is refused on another dtype, shape, version, or when it is no array or short', () => {
    const path = join(temporaryFolder(), 'val.npy');
    writeNpy(path, tokens, { header: "{'descr': '<i4', 'fortran_order': False, 'shape': (1000,), }" });
    expectRefused(path, "shard val.npy: expected dtype uint16 ('<u2'), found '<i4'");
    writeNpy(path, tokens, { header: "{'descr': '<u2', 'fortran_order': False, 'shape': (10, 100), }" });
    expectRefused(path, 'shard val.npy: expected one dimension, found shape (10, 100)');
    writeNpy(path, tokens, { header: "{'descr': '<u2', 'fortran_order': False, 'shape': (), }" });
    expectRefused(path, 'shard val.npy: expected one dimension, found shape ()');
    writeNpy(path, tokens, { version: 3 });
    expectRefused(path, 'shard val.npy: expected NumPy format version 1 or 2, found 3');
    writeNpy(path, tokens, { header: "{'descr': '<u2', 'fortran_order': False, 'shape': (1001,), }" });
    expectRefused(path, 'shard val.npy: header says 1001 tokens, file holds 1000');
    writeFileSync(path, 'not an array');
    expectRefused(path, 'shard val.npy: expected a NumPy array');
  });
});
