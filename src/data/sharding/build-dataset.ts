/**
 * @file A corpus → tokens → shards, with `dataset.json` beside them. Shards grow in a hidden folder inside the output folder
 * and are moved into place at the end. A build that was stopped, or killed, goes on where it was when it is begun again with the
 * same settings, and ends with the same shards.
 */
import { UserError } from '../../support/errors.ts';
import { type DatasetDescription, GPT2_TOKENIZER } from '../shards/dataset-description.ts';
import { BUILD_NANOGPT_NAMING, OWN_NAMING } from '../shards/shard-names.ts';
import { lockBuildFolder, openBuildFolder, removeWorkFolder, type UnfinishedBuild } from './build-folder.ts';
import type { BuildPosition } from './build-journal.ts';
import type { BuildSettings, Corpus } from './corpus.ts';
import { explainDiskFull } from './disk-full.ts';
import { fillShards } from './fill-shards.ts';
import { completeShards, moveIntoPlace } from './finish-dataset.ts';
import { ShardSpool } from './shard-spool.ts';
import { validationShare } from './validation-share.ts';

const DEFAULT_SHARD_TOKENS = 100_000_000;

/** The largest count that the int32 in a shard's header holds. */
const MAX_SHARD_TOKENS = 2 ** 31 - 1;

export interface BuildProgress {
  /** Bytes of input, documents and tokens in shards, those of earlier tries included. */
  readonly bytes: number;
  readonly documents: number;
  readonly tokens: number;
  /** Bytes and tokens of this try alone, and its seconds so far. */
  readonly newBytes: number;
  readonly newTokens: number;
  readonly seconds: number;
}

export interface BuildOptions {
  /** Where the shards go; made when missing. */
  readonly folder: string;
  readonly corpus: Corpus;
  /** Threads that tokenise. */
  readonly workers: number;
  /** Tokens a shard; the default is `DEFAULT_SHARD_TOKENS`. */
  readonly shardTokens?: number;
  /** Tokens for validation; by default one shard of a corpus of more than ten, else 5 %. */
  readonly validationTokens?: number;
  /** Ends the stream after so many tokens. */
  readonly tokens?: number;
  /** Writes the files of build-nanogpt's `fineweb.py`: NumPy arrays, of which the first is validation. */
  readonly compatible?: boolean;
  /** Passes over what is no document, which is an error otherwise. */
  readonly skipBad?: boolean;
  /** Replaces shards already in the folder, once the new ones are complete. */
  readonly overwrite?: boolean;
  /** Ends the build with an error once it is aborted; what was done is kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Called for each thing that is skipped. */
  readonly onProblem?: (problem: string) => void;
}

export interface BuildOutcome {
  readonly description: DatasetDescription;
  /** Lines, rows, row groups and files that were skipped. */
  readonly skipped: number;
  /** Whether an earlier build had already finished. */
  readonly wasFinished: boolean;
}

/**
 * Writes the shards of a corpus: the first tokens are validation, the rest training. The files do not depend on the
 * number of workers, nor on how often the build was stopped and begun again.
 * @throws UserError when the folder holds other shards, there is no document, something is no document, validation would
 * take everything, or the disk is full. What was done is kept for the next try.
 */
export async function buildDataset(options: BuildOptions): Promise<BuildOutcome> {
  checkOptions(options);
  const lock = await lockBuildFolder(options.folder);
  try {
    return await buildInFolder(options);
  } finally {
    lock.release();
  }
}

async function buildInFolder(options: BuildOptions): Promise<BuildOutcome> {
  const { folder, overwrite = false } = options;
  const begun = await openBuildFolder(folder, buildSettings(options), overwrite);
  if (begun.state === 'finished') return { description: begun.description, skipped: 0, wasFinished: true };
  const { workFolder, journal, content } = begun;
  let isInPlace = false;
  try {
    let { skipped } = content.position;
    let description = await moveIntoPlace(workFolder, folder);
    if (description === undefined) {
      skipped = await fillAndComplete(begun, options);
      description = await moveIntoPlace(workFolder, folder);
    }
    if (description === undefined) throw new Error(`${workFolder}: the shards just completed are gone`);
    isInPlace = true;
    return { description, skipped, wasFinished: false };
  } finally {
    await journal.close();
    const isKept = !isInPlace && (content.position.tokens > 0 || journal.hasRecords);
    if (!isKept) await removeWorkFolder(workFolder);
  }
}

/** Writes the rest of the stream into the work folder; returns how much was skipped. */
async function fillAndComplete(
  { workFolder, journal, content }: UnfinishedBuild,
  options: BuildOptions,
): Promise<number> {
  const { folder, corpus, shardTokens = DEFAULT_SHARD_TOKENS } = options;
  const naming = options.compatible ? BUILD_NANOGPT_NAMING : OWN_NAMING;
  const place = { folder: workFolder, shardTokens, extension: naming.extension };
  const spool = await ShardSpool.open(place, content.position.tokens, content.shardSums);
  let position = content.position;
  const onPosition = progressFrom(position, options);
  const { workers, tokens: maxTokens = Number.POSITIVE_INFINITY, skipBad = false, onProblem = () => {} } = options;
  const { signal = new AbortController().signal } = options;
  const filling = {
    corpus,
    spool,
    journal,
    workers,
    maxTokens,
    skipBad,
    signal,
    onProblem,
    onPosition: (reached: BuildPosition): void => {
      position = reached;
      onPosition(reached);
    },
  };
  try {
    if (!content.ended) position = await fillShards(filling, position);
    const { tokens, documents, skipped } = position;
    if (tokens === 0) throw new UserError('expected documents with text, found none; check the files given');
    const validationTokens = countValidation(tokens, options);
    const shards = await spool.end();
    await journal.record(position, { ended: true });
    await completeShards(workFolder, shards, naming, {
      formatVersion: 1,
      source: corpus.source,
      tokenizer: GPT2_TOKENIZER,
      settings: buildSettings(options),
      documents,
      validationTokens,
      trainTokens: tokens - validationTokens,
    });
    return skipped;
  } catch (cause) {
    throw await explainDiskFull(cause, folder, position, shardTokens, corpus.bytes);
  } finally {
    await spool.abandon();
  }
}

/** Reports places as progress of this try. */
function progressFrom(start: BuildPosition, { onProgress }: BuildOptions): (position: BuildPosition) => void {
  const started = performance.now();
  return ({ bytes, documents, tokens }) => {
    const seconds = (performance.now() - started) / 1000;
    onProgress?.({
      bytes,
      documents,
      tokens,
      newBytes: bytes - start.bytes,
      newTokens: tokens - start.tokens,
      seconds,
    });
  };
}

/** What determines the shards, and so must be the same when a build is resumed. */
function buildSettings(options: BuildOptions): BuildSettings {
  const { corpus, shardTokens = DEFAULT_SHARD_TOKENS, validationTokens = null, tokens = null } = options;
  return { ...corpus.settings, shardTokens, validationTokens, tokens, compatible: options.compatible ?? false };
}

function checkOptions({ shardTokens = DEFAULT_SHARD_TOKENS, workers }: BuildOptions): void {
  if (!Number.isInteger(shardTokens) || shardTokens < 1 || shardTokens > MAX_SHARD_TOKENS) {
    throw new UserError(`tokens a shard: expected 1 to ${MAX_SHARD_TOKENS}, found ${shardTokens}`);
  }
  if (!Number.isInteger(workers) || workers < 1) throw new UserError(`workers: expected 1 or more, found ${workers}`);
}

function countValidation(tokens: number, options: BuildOptions): number {
  const { shardTokens = DEFAULT_SHARD_TOKENS, validationTokens: requested, compatible } = options;
  if (compatible) return Math.min(tokens, shardTokens);
  if (requested === undefined) return validationShare(tokens, shardTokens);
  if (requested >= tokens) {
    throw new UserError(
      `expected fewer validation tokens than the ${tokens} there are, found ${requested}; lower them`,
    );
  }
  return requested;
}
