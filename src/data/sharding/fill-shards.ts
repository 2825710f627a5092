/** @file A corpus, from a place on, into shards; how far it has come goes on record on the way. */
import { UserError } from '../../support/errors.ts';
import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import type { Problems } from '../documents/problems.ts';
import type { BuildJournal, BuildPosition } from './build-journal.ts';
import type { Corpus } from './corpus.ts';
import type { ShardSpool } from './shard-spool.ts';
import { type TokenizedUnit, tokenizeUnits } from './tokenize-units.ts';

/** How often a place within a shard goes on record. */
const RECORD_MILLISECONDS = 10_000;

export interface FillOptions {
  readonly corpus: Corpus;
  readonly spool: ShardSpool;
  readonly journal: BuildJournal;
  readonly workers: number;
  /** Where the stream is cut off. */
  readonly maxTokens: number;
  readonly skipBad: boolean;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onPosition: (position: BuildPosition) => void;
  readonly onProblem: (problem: string) => void;
}

/**
 * Tokenises the corpus into the spool; returns where it ended. A place goes on record with every full shard, now and then in
 * between, at the end of each file that is then released, and when an error ends it.
 */
export async function fillShards(options: FillOptions, from: BuildPosition): Promise<BuildPosition> {
  const { corpus, spool, journal, maxTokens, onPosition } = options;
  let position = from;
  let recordedAt = performance.now();
  const record = async (): Promise<void> => {
    await spool.sync();
    await journal.record(position);
    recordedAt = performance.now();
  };
  if (position.tokens >= maxTokens) return position;
  try {
    for await (const tokenized of tokenizeUnits(corpus, from, options.workers, options.signal)) {
      options.signal.throwIfAborted();
      const { unit, problems } = tokenized;
      reportProblems(problems, options);
      for await (const reached of appendUnit(tokenized, position, options)) position = reached;
      onPosition(position);
      if (position.tokens === maxTokens) break;
      const releases = unit.work === undefined && corpus.release !== undefined;
      if (releases || performance.now() - recordedAt > RECORD_MILLISECONDS) await record();
      if (releases) await corpus.release?.(unit.file);
    }
    options.signal.throwIfAborted();
  } catch (cause) {
    // the reason it ended counts, not that the disk may take no record either
    if (position !== from) await record().catch(() => {});
    throw cause;
  }
  return position;
}

function reportProblems({ count, messages }: Problems, { skipBad, onProblem }: FillOptions): void {
  if (count > 0 && !skipBad) throw new UserError(`${messages[0]}; correct it, or skip what is bad (--skip-bad)`);
  for (const message of messages) onProblem(message);
}

/** Appends what is not yet in shards of a unit; gives each place reached, up to the one after it or the end of the stream. */
async function* appendUnit(
  { unit, tokens, problems }: TokenizedUnit,
  before: BuildPosition,
  { spool, journal, maxTokens }: FillOptions,
): AsyncGenerator<BuildPosition> {
  if (unit.work === undefined) {
    yield { ...before, file: unit.file + 1, unit: 0, offset: 0 };
    return;
  }
  const { file, unit: number } = unit;
  let position = { ...before, file, unit: number };
  const end = Math.min(tokens.length, position.offset + maxTokens - position.tokens);
  while (position.offset < end) {
    const rest = tokens.subarray(position.offset, end);
    const { tokens: taken, sha256 } = await spool.append(rest);
    position = {
      ...position,
      offset: position.offset + taken,
      tokens: position.tokens + taken,
      documents: position.documents + countDocuments(rest.subarray(0, taken)),
    };
    if (sha256 !== undefined) await journal.record(position, { sha256 });
    yield position;
  }
  if (end < tokens.length) return;
  const { bytes, skipped } = position;
  yield { ...position, unit: number + 1, offset: 0, bytes: bytes + unit.bytes, skipped: skipped + problems.count };
}

/** Documents that begin among some tokens: text never gives `<|endoftext|>`. */
function countDocuments(tokens: Uint16Array): number {
  let count = 0;
  for (let at = tokens.indexOf(END_OF_TEXT); at >= 0; at = tokens.indexOf(END_OF_TEXT, at + 1)) count++;
  return count;
}
