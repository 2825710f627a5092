/**
 * @file Documents → tokens → shards, with `dataset.json` beside them. Everything is written in a hidden folder inside
 * the output folder and moved into place at the end, so that a build that was stopped leaves no shard behind.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { type DatasetDescription, DESCRIPTION_NAME, GPT2_TOKENIZER, writeDescription } from './dataset-description.ts';
import type { DocumentPart } from './documents.ts';
import { splitOfShard } from './shard-names.ts';
import { ShardSpool } from './shard-spool.ts';
import { tokenizeDocuments } from './tokenize-documents.ts';

export const DEFAULT_SHARD_TOKENS = 100_000_000;

/** What the int32 in a shard's header can count. */
const LARGEST_SHARD_TOKENS = 2 ** 31 - 1;

const WORK_FOLDER = '.building';

export interface BuildProgress {
  /** Bytes of input read. */
  readonly bytes: number;
  readonly documents: number;
  readonly tokens: number;
  readonly seconds: number;
}

export interface BuildOptions {
  /** Where the shards go; made when missing. */
  readonly folder: string;
  readonly documents: AsyncIterable<DocumentPart>;
  /** What the documents are, for `dataset.json`. */
  readonly source: string;
  /** Threads that tokenise. */
  readonly workers: number;
  /** Tokens a shard; the default is `DEFAULT_SHARD_TOKENS`. */
  readonly shardTokens?: number;
  /** Tokens for validation; by default one shard of a corpus of more than ten, else 5 %. */
  readonly validationTokens?: number;
  /** Replaces shards already in the folder, once the new ones are complete. */
  readonly overwrite?: boolean;
  readonly onProgress?: (progress: BuildProgress) => void;
}

/**
 * Writes the shards of a corpus: the first tokens are validation, the rest training. The files do not depend on the
 * number of workers.
 * @throws UserError when the folder already holds shards, there is no document, or validation would take everything.
 */
export async function buildDataset(options: BuildOptions): Promise<DatasetDescription> {
  const { folder, shardTokens = DEFAULT_SHARD_TOKENS } = options;
  const workFolder = join(folder, WORK_FOLDER);
  checkOptions(options);
  const earlier = await prepareFolder(folder, workFolder, options.overwrite ?? false);
  const spool = new ShardSpool(workFolder, shardTokens);
  try {
    const documents = await fill(spool, options);
    const validationTokens = validationShare(spool.tokens, shardTokens, options.validationTokens);
    const shards = await spool.finish(validationTokens);
    const description: DatasetDescription = {
      formatVersion: 1,
      source: options.source,
      tokenizer: GPT2_TOKENIZER,
      documents,
      validationTokens,
      trainTokens: spool.tokens - validationTokens,
      shards,
    };
    for (const name of [DESCRIPTION_NAME, ...earlier]) await rm(join(folder, name), { force: true });
    for (const { name } of shards) await rename(join(workFolder, name), join(folder, name));
    await writeDescription(folder, description);
    return description;
  } finally {
    await spool.abandon();
    await rm(workFolder, { recursive: true, force: true });
  }
}

function checkOptions({ shardTokens = DEFAULT_SHARD_TOKENS, workers }: BuildOptions): void {
  if (!Number.isInteger(shardTokens) || shardTokens < 1 || shardTokens > LARGEST_SHARD_TOKENS) {
    throw new UserError(`tokens a shard: expected 1 to ${LARGEST_SHARD_TOKENS}, found ${shardTokens}`);
  }
  if (!Number.isInteger(workers) || workers < 1) throw new UserError(`workers: expected 1 or more, found ${workers}`);
}

/** Makes the folders, clears what a stopped build left, and names the shards that will be replaced. */
async function prepareFolder(folder: string, workFolder: string, overwrite: boolean): Promise<string[]> {
  try {
    await mkdir(folder, { recursive: true });
    const earlier = (await readdir(folder)).filter((name) => splitOfShard(name) !== undefined).sort();
    if (earlier.length > 0 && !overwrite) {
      throw new UserError(
        `${folder}: already holds shards (${earlier[0]}, …); choose another folder, or replace them (--overwrite)`,
      );
    }
    await rm(workFolder, { recursive: true, force: true });
    await mkdir(workFolder);
    return earlier;
  } catch (cause) {
    throw fileError(folder, 'write to it', cause);
  }
}

/** Tokenises all documents into the spool; returns how many there were. */
async function fill(spool: ShardSpool, { documents, workers, onProgress }: BuildOptions): Promise<number> {
  const started = performance.now();
  let bytes = 0;
  let count = 0;
  for await (const batch of tokenizeDocuments(documents, workers)) {
    await spool.append(batch.tokens);
    bytes += batch.bytes;
    count += batch.documents;
    onProgress?.({ bytes, documents: count, tokens: spool.tokens, seconds: (performance.now() - started) / 1000 });
  }
  if (count === 0) throw new UserError('expected documents with text, found none; check the files given');
  return count;
}

function validationShare(tokens: number, shardTokens: number, requested: number | undefined): number {
  if (requested === undefined) return tokens > 10 * shardTokens ? shardTokens : Math.floor(0.05 * tokens);
  if (requested >= tokens) {
    throw new UserError(
      `expected fewer validation tokens than the ${tokens} there are, found ${requested}; lower them`,
    );
  }
  return requested;
}
