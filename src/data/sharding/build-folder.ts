/** @file What an output folder already holds: nothing, an unfinished build, finished shards, or somebody else's shards. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { exists, fileError, remove, syncFolder } from '../../support/files.ts';
import { type ProcessLock, tryLock } from '../../support/process-lock.ts';
import { type DatasetDescription, readDescription } from '../shards/dataset-description.ts';
import { splitOfShard } from '../shards/shard-names.ts';
import { BEGINNING, BuildJournal, type JournalContent, readJournal } from './build-journal.ts';
import type { BuildSettings } from './corpus.ts';

/** Where shards grow until all are complete; hidden in the folder they are for. */
const WORK_FOLDER = '.building';
const JOURNAL_NAME = 'journal.jsonl';
const LOCK_NAME = '.building.lock';

export interface FinishedBuild {
  readonly state: 'finished';
  readonly description: DatasetDescription;
}

export interface UnfinishedBuild {
  readonly state: 'unfinished';
  readonly workFolder: string;
  readonly journal: BuildJournal;
  readonly content: JournalContent;
}

/**
 * Makes the folder and takes it for this process.
 * @throws UserError when another process builds there, or the system refuses.
 */
export async function lockBuildFolder(folder: string): Promise<ProcessLock> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw fileError(folder, 'write to it', cause);
  }
  const attempt = tryLock(join(folder, LOCK_NAME));
  if (attempt.lock !== undefined) return attempt.lock;
  throw new UserError(`${folder}: shards are being built there by ${attempt.holder}; stop it or choose another folder`);
}

/**
 * Opens the folder of a build: a finished one of the same settings as it is, an unfinished one where it was left, a new one
 * otherwise.
 * @param overwrite builds anew where there are shards, or an unfinished build with other settings.
 * @throws UserError when there are shards of other settings or another origin, or an unfinished build with other settings.
 */
export async function openBuildFolder(
  folder: string,
  settings: BuildSettings,
  overwrite: boolean,
): Promise<FinishedBuild | UnfinishedBuild> {
  const workFolder = join(folder, WORK_FOLDER);
  const journalPath = join(workFolder, JOURNAL_NAME);
  try {
    const begun = await BuildJournal.open(journalPath);
    if (begun !== undefined) {
      const differences = listDifferences(begun.content.settings, settings);
      if (differences.length === 0) return { state: 'unfinished', workFolder, ...begun };
      await begun.journal.close();
      if (!overwrite) throw otherSettings(workFolder, 'was begun', differences);
    }
    await removeWorkFolder(workFolder);
    const description = begun === undefined && !overwrite ? await finishedBuild(folder, settings) : undefined;
    if (description !== undefined) return { state: 'finished', description };
    await mkdir(workFolder);
    const journal = await BuildJournal.create(journalPath, settings);
    const content = { settings, position: BEGINNING, shardSums: [], ended: false };
    return { state: 'unfinished', workFolder, journal, content };
  } catch (cause) {
    throw fileError(folder, 'write to it', cause);
  }
}

/**
 * Removes the folder in which shards grew, whose journal must be closed. The journal goes first: what a killed process leaves
 * of the rest is then no build to go on with.
 */
export async function removeWorkFolder(workFolder: string): Promise<void> {
  if (!(await exists(workFolder))) return;
  try {
    await remove(join(workFolder, JOURNAL_NAME));
    await syncFolder(workFolder);
    await remove(workFolder);
  } catch (cause) {
    throw fileError(workFolder, 'remove it', cause);
  }
}

/**
 * The source on record of a build that was begun in a folder; with `finished` also of one that is finished. Undefined where
 * there is none.
 */
export async function recordedSource(folder: string, finished: boolean): Promise<string | undefined> {
  const begun = await readJournal(join(folder, WORK_FOLDER, JOURNAL_NAME));
  const description = begun === undefined && finished ? await readDescription(folder) : undefined;
  const source = begun?.settings.source ?? description?.settings?.source;
  return typeof source === 'string' ? source : undefined;
}

/** The finished shards of the same settings; undefined where there is no shard at all. */
async function finishedBuild(folder: string, settings: BuildSettings): Promise<DatasetDescription | undefined> {
  const [shard] = (await readdir(folder)).filter((name) => splitOfShard(name) !== undefined).sort();
  if (shard === undefined) return undefined;
  const description = await readDescription(folder);
  if (description?.settings === undefined) {
    throw new UserError(
      `${folder}: already holds shards (${shard}, …); choose another folder, or replace them (--overwrite)`,
    );
  }
  const differences = listDifferences(description.settings, settings);
  if (differences.length > 0) throw otherSettings(folder, 'holds shards made', differences);
  for (const { name } of description.shards) {
    if (!(await exists(join(folder, name))))
      throw new UserError(`${folder}: expected shard ${name}, found none; build them again (--overwrite)`);
  }
  return description;
}

function otherSettings(folder: string, what: string, differences: readonly string[]): UserError {
  return new UserError(
    `${folder}: ${what} with other settings (${differences.join(', ')}); use the same, choose another folder, or replace it (--overwrite)`,
  );
}

/** `shardTokens was 100000000 and is 200000000`, for each setting that differs. */
function listDifferences(before: BuildSettings, now: BuildSettings): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names
    .filter((name) => (before[name] ?? null) !== (now[name] ?? null))
    .map((name) => `${name} was ${before[name] ?? 'not given'} and is ${now[name] ?? 'not given'}`);
}
