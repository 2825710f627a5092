/**
 * @file The end of a build: the stream's first tokens become validation shards, the rest training shards, and all are moved
 * into the output folder. What is to be moved is on record before the first move, so that a build killed at any moment of
 * it goes on where it was.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { exists, fileError, move, syncFolder, whenFree, writeFileAtomic } from '../../support/files.ts';
import { listOf } from '../../support/json.ts';
import { readJsonFile } from '../../support/json-file.ts';
import {
  type DatasetDescription,
  DESCRIPTION_NAME,
  descriptionSchema,
  fileName,
  MAX_DESCRIPTION_BYTES,
  writeDescription,
} from '../shards/dataset-description.ts';
import { Shard } from '../shards/shard.ts';
import { type ShardNaming, type Split, shardName, splitOfShard } from '../shards/shard-names.ts';
import { ShardWriter, type WrittenShard } from '../shards/shard-writer.ts';

const COPIED_TOKENS = 1 << 20;

/** Stands in the work folder from when all shards are complete. */
const MOVES_NAME = 'moves.json';

const movesSchema = z.object({
  description: descriptionSchema,
  /** Of each shard: its name in the work folder and its final one. */
  moves: listOf(z.object({ from: fileName, to: fileName })),
});

/** A piece of the stream under its final name. */
interface PlannedShard {
  readonly source: WrittenShard;
  readonly start: number;
  readonly end: number;
  readonly split: Split;
  readonly name: string;
}

/** Cuts the stream after its first `validationTokens` and numbers the pieces. */
function planShards(written: readonly WrittenShard[], validationTokens: number, naming: ShardNaming): PlannedShard[] {
  const planned: PlannedShard[] = [];
  const plan = (source: WrittenShard, start: number, end: number, split: Split): void => {
    if (start < end) planned.push({ source, start, end, split, name: shardName(split, planned.length, naming) });
  };
  let before = 0;
  for (const source of written) {
    const ofValidation = Math.min(source.tokens, Math.max(0, validationTokens - before));
    plan(source, 0, ofValidation, 'validation');
    plan(source, ofValidation, source.tokens, 'train');
    before += source.tokens;
  }
  return planned;
}

/**
 * Completes the shards in the work folder: one that holds the end of validation and the beginning of training is written
 * again as two. Records what is to be moved.
 * @param written all shards of the stream, in order.
 */
export async function completeShards(
  workFolder: string,
  written: readonly WrittenShard[],
  naming: ShardNaming,
  description: Omit<DatasetDescription, 'shards'>,
): Promise<void> {
  const shards: DatasetDescription['shards'] = [];
  const moves: { from: string; to: string }[] = [];
  for (const planned of planShards(written, description.validationTokens, naming)) {
    const { source, start, end, split, name } = planned;
    const isWhole = end - start === source.tokens;
    const { sha256 } = isWhole ? source : await writePiece(planned, join(workFolder, name));
    shards.push({ name, split, tokens: end - start, sha256 });
    moves.push({ from: isWhole ? basename(source.path) : name, to: name });
  }
  const content: z.output<typeof movesSchema> = { description: { ...description, shards }, moves };
  await writeFileAtomic(join(workFolder, MOVES_NAME), JSON.stringify(content));
}

async function writePiece({ source, start, end }: PlannedShard, path: string): Promise<WrittenShard> {
  const writer = await ShardWriter.create(path, end - start);
  const shard = new Shard(source.path);
  try {
    for (let position = start; position < end; position += COPIED_TOKENS) {
      await writer.append(shard.read(position, Math.min(COPIED_TOKENS, end - position)));
    }
  } finally {
    shard.close();
  }
  return writer.close();
}

/**
 * Moves complete shards from the work folder to their places, over those of an earlier build, and writes `dataset.json`.
 * Undefined when the shards are not complete.
 */
export async function moveIntoPlace(workFolder: string, folder: string): Promise<DatasetDescription | undefined> {
  const path = join(workFolder, MOVES_NAME);
  if (!(await exists(path))) return undefined;
  const { description, moves } = await readJsonFile(movesSchema, path, 2 * MAX_DESCRIPTION_BYTES);
  try {
    const names = new Set(moves.map((move) => move.to));
    await whenFree(() => rm(join(folder, DESCRIPTION_NAME), { force: true }));
    for (const name of await readdir(folder)) {
      if (splitOfShard(name) !== undefined && !names.has(name)) await whenFree(() => rm(join(folder, name)));
    }
    for (const { from, to } of moves) {
      // one that is missing was moved before
      if (await exists(join(workFolder, from))) await move(join(workFolder, from), join(folder, to));
    }
    await syncFolder(folder);
    await writeDescription(folder, description);
  } catch (cause) {
    throw fileError(folder, 'move the shards into it', cause);
  }
  return description;
}
