/** @file Which files of a data set make up a subset: one its README declares, a folder, or FineWeb's by name. */

import { UserError } from '../support/errors.ts';
import { type DatasetConfig, datasetConfigs } from './dataset-configs.ts';
import { folderOfGlob, globExpression } from './glob.ts';
import type { Hub } from './hub.ts';
import { NotThereError } from './hub-errors.ts';
import { type HubFile, listChoices, listFilesIn, listFoldersIn, type Repository } from './repository.ts';

/** Data sets laid out as FineWeb: a folder for each crawl and for each sample, more of them than the README may list. */
const FINEWEB = /^HuggingFaceFW\/fineweb(-edu)?$/;

/** Words in the names of files that are not to train on, where the README declares nothing. */
const HELD_OUT = ['test', 'val', 'valid', 'validation', 'dev', 'eval'];

export interface SubsetOptions {
  /** A subset of the README, or a folder; by default the README's own default, else all. */
  readonly subset?: string | undefined;
  /** Whether a path is a file of documents. */
  readonly textFiles: (path: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * The files of a subset, sorted by path.
 * @throws UserError when there is no such subset, naming those there are, or it holds no file of documents.
 */
export async function filesOfSubset(hub: Hub, repository: Repository, options: SubsetOptions): Promise<HubFile[]> {
  const { subset, textFiles, signal } = options;
  const listed = FINEWEB.test(repository.name)
    ? await filesOfFineWeb(hub, repository, subset, signal)
    : await filesOfConfig(hub, repository, subset, signal);
  const files = ofOneFormat(listed.filter(({ path }) => textFiles(path)));
  if (files.length > 0) return files;
  const found = listed.slice(0, 5).map(({ path }) => path);
  throw new UserError(
    `${repository.name}${subset === undefined ? '' : ` ${subset}`}: expected parquet or JSON lines files, found ${found.join(', ') || 'none'}; the hub's own conversion may be at --revision refs/convert/parquet`,
  );
}

/** `default` is all crawls, `sample-10BT` the folder sample/10BT, `CC-MAIN-2024-10` the crawl of that name. */
async function filesOfFineWeb(
  hub: Hub,
  repository: Repository,
  subset = 'default',
  signal: AbortSignal,
): Promise<HubFile[]> {
  const isOneFolder = !subset.includes('/');
  const folder = subset === 'default' ? 'data' : subset.replace(/^sample-/, 'sample/').replace(/^(?=CC-)/, 'data/');
  try {
    if (isOneFolder && folder !== subset) return await listFilesIn(hub, repository, folder, signal);
  } catch (cause) {
    if (!(cause instanceof NotThereError)) throw cause;
  }
  const samples = await listFoldersIn(hub, repository, 'sample', signal);
  const crawls = await listFoldersIn(hub, repository, 'data', signal);
  const names = samples.map((path) => path.replace('/', '-')).concat(crawls.map((path) => path.replace(/^data\//, '')));
  throw noSuchSubset(repository, subset, ['default', ...names]);
}

async function filesOfConfig(
  hub: Hub,
  repository: Repository,
  subset: string | undefined,
  signal: AbortSignal,
): Promise<HubFile[]> {
  const configs = datasetConfigs(repository.cardData);
  const names = configs.map(({ name }) => name);
  const config = subset === undefined ? findDefault(configs) : configs.find(({ name }) => name === subset);
  if (config) return filesMatching(hub, repository, config.patterns, signal);
  if (subset === undefined && configs.length > 0)
    throw new UserError(`${repository.name}: expected a subset (--subset); ${listChoices('', names)}`);
  try {
    return trainingFiles(await listFilesIn(hub, repository, (subset ?? '').replace(/^\/+|\/+$/g, ''), signal));
  } catch (cause) {
    if (!(cause instanceof NotThereError) || subset === undefined) throw cause;
    throw noSuchSubset(repository, subset, [...names, ...(await listFoldersIn(hub, repository, '', signal))]);
  }
}

function findDefault(configs: readonly DatasetConfig[]): DatasetConfig | undefined {
  return configs.length === 1 ? configs[0] : configs.find(({ isDefault }) => isDefault);
}

function noSuchSubset({ name }: Repository, subset: string, names: readonly string[]): UserError {
  return new UserError(`${name}: found no subset or folder ${subset}; ${listChoices(subset, names)}`);
}

async function filesMatching(
  hub: Hub,
  repository: Repository,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<HubFile[]> {
  const expressions = patterns.map(globExpression);
  const folders = patterns.map(folderOfGlob);
  const within = (folder: string, other: string) =>
    folder !== other && (other === '' || folder.startsWith(`${other}/`));
  const outermost = [...new Set(folders)].filter((folder) => !folders.some((other) => within(folder, other)));
  const found = new Map<string, HubFile>();
  for (const folder of outermost) {
    for (const file of await listFilesIn(hub, repository, folder, signal))
      if (expressions.some((expression) => expression.test(file.path))) found.set(file.path, file);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Those named as training files, else all that are not named as held out. */
function trainingFiles(files: HubFile[]): HubFile[] {
  const says = (path: string, words: readonly string[]) =>
    path.split(/[^A-Za-z0-9]+/).some((word) => words.includes(word.toLowerCase()));
  const training = files.filter(({ path }) => says(path, ['train']));
  if (training.length > 0) return training;
  const others = files.filter(({ path }) => !says(path, HELD_OUT));
  return others.length > 0 ? others : files;
}

/** The same documents are often there twice, as parquet and as what it was made from. */
function ofOneFormat(files: HubFile[]): HubFile[] {
  const parquet = files.filter(({ path }) => path.endsWith('.parquet'));
  return parquet.length > 0 ? parquet : files;
}
