/** @file Real text as bytes, in shards: a vocabulary so small that the blocks hold nearly all of a small model's parameters, as in GPT-2. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readDocuments } from '#minillm/data/documents/documents.js';
import { ShardWriter } from '#minillm/data/shards/shard-writer.js';
import { exists } from '#minillm/support/files.js';

export const VOCABULARY_SIZE = 256;
/** Stands before each document; UTF-8 text has no such byte. */
const DOCUMENT = 0xff;
const VALIDATION_BYTES = 1_000_000;

/** Writes the documents of some files as shards of bytes, the first million for validation; they stay once written. */
export async function writeByteShards(folder: string, files: readonly string[]): Promise<void> {
  if (await exists(join(folder, 'train_000001.bin'))) return;
  await mkdir(folder, { recursive: true });
  const parts: Uint8Array[] = [];
  for await (const { text, startsDocument } of readDocuments(files)) {
    if (startsDocument) parts.push(Uint8Array.of(DOCUMENT));
    parts.push(new TextEncoder().encode(text));
  }
  const bytes = Uint16Array.from(Buffer.concat(parts));
  await writeShard(join(folder, 'val_000000.bin'), bytes.subarray(0, VALIDATION_BYTES));
  await writeShard(join(folder, 'train_000001.bin'), bytes.subarray(VALIDATION_BYTES));
}

async function writeShard(path: string, tokens: Uint16Array): Promise<void> {
  const writer = await ShardWriter.create(path, tokens.length);
  await writer.append(tokens);
  await writer.close();
}
