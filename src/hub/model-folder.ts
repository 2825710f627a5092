/** @file A model of the hub as a folder on this disk: `hf:OWNER/NAME[@REVISION]`. */

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { exists, writeFileAtomic } from '../support/files.ts';
import { readRegularFile } from '../support/regular-file.ts';
import { download } from './download.ts';
import { type Hub, openHub } from './hub.ts';
import { hubCacheFolder, lockWhenFree, repositoryFolder, writableHubCacheFolder } from './hub-cache.ts';
import { parseHubModel } from './model-name.ts';
import { findRepository, type HubFile, listFilesIn } from './repository.ts';

const WEIGHTS = /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/;
const OTHERS = [
  ...['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'],
  ...['vocab.json', 'merges.txt', 'special_tokens_map.json'],
];

/** Of a commit on record: 40 hexadecimal digits. */
const MAX_COMMIT_BYTES = 64;

export interface ModelFolderOptions {
  /** Default: as the environment says. */
  readonly hub?: Hub;
  /** Where models are kept; by default in the user's cache. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal;
  /** Called only while something is downloaded. */
  readonly onProgress?: (progress: ModelProgress) => void;
}

export interface ModelProgress {
  /** The file that is being downloaded. */
  readonly name: string;
  /** Of all files of the model. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/**
 * The folder of a model, downloaded and verified unless it is there. The hub is asked each time which commit a branch stands
 * for; with HF_HUB_OFFLINE its last answer is used.
 * @throws UserError when there is no such model, it has no weights as safetensors, or it cannot be fetched.
 */
export async function fetchModelFolder(name: string, options: ModelFolderOptions = {}): Promise<string> {
  const { repository: repositoryName, revision } = parseHubModel(name);
  const { hub = await openHub(), onProgress } = options;
  const { signal = new AbortController().signal } = options;
  const folderIn = (cache: string): string => repositoryFolder(cache, { kind: 'model', name: repositoryName });
  // written when all files are there
  const recordIn = (parent: string): string => join(parent, 'complete', `revision-${encodeURIComponent(revision)}`);
  const kept = folderIn(options.cacheFolder ?? (await hubCacheFolder()));
  const isCommit = /^[0-9a-f]{40}$/.test(revision);
  const known = await readRegularFile(recordIn(kept), MAX_COMMIT_BYTES).then(String, () => undefined);
  if ((hub.isOffline || isCommit) && known !== undefined) return join(kept, known);
  if (hub.isOffline)
    throw new UserError(
      `${name}: HF_HUB_OFFLINE is set and the model is not in ${kept}; unset it to download the model`,
    );

  const repository = await findRepository(hub, { kind: 'model', name: repositoryName }, { revision, signal });
  const files = modelFiles(name, await listFilesIn(hub, repository, '', signal));
  if (known === repository.commit && (await hasAll(join(kept, known), files))) return join(kept, known);

  const parent = folderIn(options.cacheFolder ?? (await writableHubCacheFolder(repositoryName)));
  const folder = join(parent, repository.commit);
  const onWait = (holder: string): void => hub.onWait?.(`${name}: being downloaded by ${holder}`, 0);
  const lock = await lockWhenFree(join(folder, '.lock'), { signal, onWait });
  try {
    const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let before = 0;
    for (const file of files) {
      const path = join(folder, file.path);
      const reportBytes = (bytes: number): void => onProgress?.({ name: file.path, bytes: before + bytes, totalBytes });
      if (!(await exists(path))) await download(hub, repository, file, path, { signal, onProgress: reportBytes });
      before += file.bytes;
    }
    const record = recordIn(parent);
    await mkdir(dirname(record), { recursive: true });
    await writeFileAtomic(record, repository.commit);
  } finally {
    lock.release();
  }
  return folder;
}

async function hasAll(folder: string, files: readonly HubFile[]): Promise<boolean> {
  const found = await Promise.all(files.map(({ path }) => exists(join(folder, path))));
  return !found.includes(false);
}

/** The files of a GPT-2 that are read: its configuration, weights and tokenizer. */
function modelFiles(name: string, files: readonly HubFile[]): HubFile[] {
  const paths = files.map(({ path }) => path);
  const weights = paths.includes('model.safetensors')
    ? ['model.safetensors']
    : paths.filter((path) => WEIGHTS.test(path));
  if (weights.length === 0 || !paths.includes('config.json')) {
    const isOld = paths.some((path) => path.startsWith('pytorch_model'));
    const found = isOld ? "only PyTorch's own format" : paths.slice(0, 5).join(', ') || 'no file';
    const advice = isOld
      ? '; a pull request of the hub may have converted it (NAME@refs/pr/1), or save it with transformers: GPT2LMHeadModel.from_pretrained(NAME).save_pretrained(FOLDER)'
      : '';
    throw new UserError(`${name}: expected model.safetensors and config.json, found ${found}${advice}`);
  }
  return files.filter(({ path }) => weights.includes(path) || OTHERS.includes(path));
}
