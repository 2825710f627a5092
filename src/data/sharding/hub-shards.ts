/** @file Token shards that others have made, from the Hugging Face hub: `.bin` of llm.c or `.npy` of build-nanogpt. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commitOfSource, formatSource } from '../../hub/corpus-source.ts';
import { DownloadWindow } from '../../hub/download-window.ts';
import { type Hub, openHub } from '../../hub/hub.ts';
import { lockWhenFree } from '../../hub/hub-cache.ts';
import { findRepository, type HubFile, listFilesIn, type Repository } from '../../hub/repository.ts';
import { UserError } from '../../support/errors.ts';
import { move, remove } from '../../support/files.ts';
import {
  type DatasetDescription,
  GPT2_TOKENIZER,
  readDescription,
  writeDescription,
} from '../shards/dataset-description.ts';
import { splitOfShard } from '../shards/shard-names.ts';
import { sha256OfFile, withShard } from './downloaded-shard.ts';

/** Hidden in the data folder, so that a shard appears there whole. */
const WORK_FOLDER = '.downloading';

export interface HubShardsOptions {
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Where the shards go; made when missing. */
  readonly folder: string;
  /** Training shards, at most; those of validation come always. */
  readonly limit?: number | undefined;
  /** A branch, tag or commit; by default the commit of the shards already in the folder, else `main`. */
  readonly revision?: string | undefined;
  readonly signal: AbortSignal;
  /** Default: as the environment says. */
  readonly hub?: Hub;
  readonly onProgress?: (progress: HubShardsProgress) => void;
}

export interface HubShardsProgress {
  /** The shard that is waited for. */
  readonly name: string;
  /** Of the shards that were missing. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly seconds: number;
}

/**
 * Downloads shards into a data folder under their own names. `dataset.json` lists those that are there, at every moment, so
 * that the same call goes on after a break, and one with a higher limit adds to them.
 * @throws UserError when the repository holds no shards, one is damaged, the folder holds shards of something else, or the
 * hub refuses or cannot be reached.
 */
export async function fetchHubShards(options: HubShardsOptions): Promise<DatasetDescription> {
  const { folder, signal, hub = await openHub() } = options;
  const lock = await lockWhenFree(join(folder, `${WORK_FOLDER}.lock`), {
    signal,
    onWait: (holder) => hub.onWait?.(`${folder}: shards are being downloaded to it by ${holder}`, 0),
  });
  try {
    const { repository, description } = await begin(hub, options);
    const wanted = wantedShards(repository, await listFilesIn(hub, repository, '', signal), options.limit);
    const listed = await adopt(folder, description, wanted);
    const missing = wanted.filter((file) => !isListed(listed, basename(file.path)));
    const whole = await fetchMissing(missing, listed, { ...options, hub, repository });
    await remove(join(folder, WORK_FOLDER));
    return whole;
  } finally {
    lock.release();
  }
}

/** Finds the repository at the commit of what is already in the folder, and what that is. */
async function begin(
  hub: Hub,
  { repository: name, folder, revision, signal }: HubShardsOptions,
): Promise<{ repository: Repository; description: DatasetDescription }> {
  const earlier = await readDescription(folder);
  const commit = earlier && commitOfSource(earlier.source, name);
  const repository = await findRepository(hub, { kind: 'dataset', name }, { revision: revision ?? commit, signal });
  const source = formatSource(repository);
  if (earlier !== undefined && earlier.source !== source)
    throw otherShards(folder, source, `those of ${earlier.source}`);
  const empty = { documents: 0, validationTokens: 0, trainTokens: 0, shards: [] };
  return { repository, description: earlier ?? { formatVersion: 1, source, tokenizer: GPT2_TOKENIZER, ...empty } };
}

/**
 * Checks that the folder holds what the description lists, and adds a shard that got its name just before an earlier process
 * was killed.
 */
async function adopt(
  folder: string,
  description: DatasetDescription,
  wanted: readonly HubFile[],
): Promise<DatasetDescription> {
  const names = (await readdir(folder)).filter((name) => splitOfShard(name) !== undefined);
  const missing = description.shards.find(({ name }) => !names.includes(name));
  if (missing)
    throw new UserError(
      `${folder}: dataset.json lists ${missing.name}, which is missing; remove dataset.json and the shards to begin anew`,
    );
  let whole = description;
  for (const name of names) {
    if (isListed(whole, name)) continue;
    const path = join(folder, name);
    const file = wanted.find((one) => basename(one.path) === name);
    if (file === undefined || (await sha256OfFile(path)) !== file.checksum.hex)
      throw otherShards(folder, description.source, name);
    whole = withShard(whole, path, file.checksum.hex);
    await writeDescription(folder, whole);
  }
  return whole;
}

function isListed({ shards }: DatasetDescription, name: string): boolean {
  return shards.some((shard) => shard.name === name);
}

function otherShards(folder: string, source: string, found: string): UserError {
  return new UserError(`${folder}: expected no shards but those of ${source}, found ${found}; choose another folder`);
}

/** Downloads shards one after the other, each listed in `dataset.json` once it is there. */
async function fetchMissing(
  files: readonly HubFile[],
  description: DatasetDescription,
  {
    hub,
    repository,
    folder,
    signal,
    onProgress,
  }: Omit<HubShardsOptions, 'repository'> & {
    readonly hub: Hub;
    readonly repository: Repository;
  },
): Promise<DatasetDescription> {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytes = Number.POSITIVE_INFINITY;
  const window = new DownloadWindow({ hub, repository, files, folder: join(folder, WORK_FOLDER), bytes });
  const started = performance.now();
  let before = 0;
  let whole = description;
  try {
    for (const [index, file] of files.entries()) {
      const name = basename(file.path);
      const reportBytes = (ofFile: number): void => {
        const seconds = (performance.now() - started) / 1000;
        onProgress?.({ name, bytes: before + ofFile, totalBytes, seconds });
      };
      const path = await window.fetch(index, { signal, onProgress: reportBytes });
      whole = withShard(whole, path, file.checksum.hex);
      await move(path, join(folder, name));
      await writeDescription(folder, whole);
      before += file.bytes;
    }
    return whole;
  } finally {
    await window.close();
  }
}

/** All shards of validation and the first `limit` of training, by name. */
function wantedShards(
  { name, commit }: Repository,
  files: readonly HubFile[],
  limit = Number.POSITIVE_INFINITY,
): HubFile[] {
  const of = (split: string) => files.filter(({ path }) => splitOfShard(basename(path)) === split);
  const training = of('train');
  const wanted = [...of('validation'), ...training.slice(0, limit)];
  if (training.length === 0) {
    const found = files.slice(0, 5).map(({ path }) => path);
    throw new UserError(
      `${name} @ ${commit}: expected shards named …train_000001.bin (or .npy), found ${found.join(', ') || 'no file'}; for documents see minillm data hub`,
    );
  }
  const small = wanted.find(({ checksum }) => checksum.algorithm !== 'sha256');
  if (small) throw new UserError(`${name} @ ${commit}: expected ${small.path} in large file storage, found it in git`);
  const names = new Set(wanted.map(({ path }) => basename(path)));
  if (names.size < wanted.length) throw new UserError(`${name} @ ${commit}: two of its shards have the same name`);
  return wanted;
}
