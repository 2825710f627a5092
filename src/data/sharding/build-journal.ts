/**
 * @file The record of a build's progress: `journal.jsonl`, a line for the settings and then one for each place reached,
 * appended and flushed only when the tokens before that place are themselves on disk. A line that a killed process left
 * unfinished is cut off.
 */
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { fileError, syncFile, writeFileAtomic } from '../../support/files.ts';
import { parseJson } from '../../support/json.ts';
import { readRegularFile } from '../../support/regular-file.ts';
import type { BuildSettings, UnitPlace } from './corpus.ts';

const JOURNAL_VERSION = 1;

/** A record every ten seconds for a year takes half of it. */
const MAX_JOURNAL_BYTES = 500_000_000;

const count = z.int().nonnegative();

const headSchema = z.object({
  formatVersion: z.literal(JOURNAL_VERSION),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const recordSchema = z.object({
  file: count,
  unit: count,
  /** Tokens of that unit that are already in shards. */
  offset: count,
  /** Tokens, documents and bytes of input in shards, and what was skipped. */
  tokens: count,
  documents: count,
  bytes: count,
  skipped: count,
  /** Of the shard that the last of these tokens filled. */
  sha256: z.string().optional(),
  /** Nothing comes after this. */
  ended: z.boolean().optional(),
});

/** A place in the corpus: what comes next, and what has come before. */
export type BuildPosition = UnitPlace & Omit<z.output<typeof recordSchema>, 'sha256' | 'ended'>;

export const BEGINNING: BuildPosition = {
  file: 0,
  unit: 0,
  offset: 0,
  tokens: 0,
  documents: 0,
  bytes: 0,
  skipped: 0,
};

/** What a journal says. */
export interface JournalContent {
  readonly settings: BuildSettings;
  /** The last place on record. */
  readonly position: BuildPosition;
  /** The sums of the shards that are full, in order. */
  readonly shardSums: readonly string[];
  /** Whether the corpus has been read to its end. */
  readonly ended: boolean;
}

export class BuildJournal {
  readonly #path: string;
  readonly #file: FileHandle;
  #hasRecords = false;
  /** Nothing must be written after a line that may be torn. */
  #isBroken = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begins a journal. */
  static async create(path: string, settings: BuildSettings): Promise<BuildJournal> {
    await writeFileAtomic(path, `${JSON.stringify({ formatVersion: JOURNAL_VERSION, settings })}\n`);
    return BuildJournal.#append(path);
  }

  /** Opens a journal and says what it holds; undefined where there is none. No other process may have it open. */
  static async open(path: string): Promise<{ journal: BuildJournal; content: JournalContent } | undefined> {
    const found = await readWholeLines(path);
    if (found === undefined) return undefined;
    const content = parseJournal(path, found.lines);
    // Windows cuts no file that is open for appending
    if (found.isTorn) await truncate(path, Buffer.byteLength(found.lines));
    return { journal: await BuildJournal.#append(path), content };
  }

  static async #append(path: string): Promise<BuildJournal> {
    try {
      return new BuildJournal(path, await open(path, 'a'));
    } catch (cause) {
      throw fileError(path, 'write it', cause);
    }
  }

  /** Whether a place was recorded since it was opened. */
  get hasRecords(): boolean {
    return this.#hasRecords;
  }

  /** Records a place. All tokens before it must be on disk. */
  async record(position: BuildPosition, more: { sha256?: string; ended?: boolean } = {}): Promise<void> {
    if (this.#isBroken) return;
    try {
      await this.#file.appendFile(`${JSON.stringify({ ...position, ...more })}\n`);
      await syncFile(this.#file);
      this.#hasRecords = true;
    } catch (cause) {
      this.#isBroken = true;
      throw fileError(this.#path, 'write it', cause);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** What a journal says, also while another process goes on with it; undefined where there is none. */
export async function readJournal(path: string): Promise<JournalContent | undefined> {
  const found = await readWholeLines(path);
  return found && parseJournal(path, found.lines);
}

async function readWholeLines(path: string): Promise<{ lines: string; isTorn: boolean } | undefined> {
  try {
    const text = (await readRegularFile(path, MAX_JOURNAL_BYTES)).toString();
    const lines = text.slice(0, text.lastIndexOf('\n') + 1);
    return { lines, isTorn: lines.length < text.length };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw fileError(path, 'read it', cause);
  }
}

function parseJournal(path: string, text: string): JournalContent {
  const [head, ...lines] = text.split('\n').slice(0, -1);
  if (head === undefined)
    throw new UserError(`${path}: expected settings, found nothing; remove its folder to begin anew`);
  const { settings } = parseJson(headSchema, head, `${path} line 1`);
  const shardSums: string[] = [];
  let position = BEGINNING;
  let ended = false;
  for (const [index, line] of lines.entries()) {
    const { sha256, ended: isEnd = false, ...place } = parseJson(recordSchema, line, `${path} line ${index + 2}`);
    if (sha256 !== undefined) shardSums.push(sha256);
    position = place;
    ended = isEnd;
  }
  return { settings, position, shardSums, ended };
}
