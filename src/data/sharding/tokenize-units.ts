/** @file Units to tokens on several threads. The tokens come in the order of the units, however many threads. */

import { joinProblems, type Problems } from '../documents/problems.ts';
import type { Corpus, CorpusUnit, UnitPlace } from './corpus.ts';
import { type Patience, TokenizeThread } from './tokenize-thread.ts';

/** One a thread works on and one that waits for it. */
const UNITS_A_THREAD = 2;
/** What all units in flight may take in memory, unless one alone takes more. */
const BYTES_IN_FLIGHT = 1 << 28;

/** A unit and its tokens. */
export interface TokenizedUnit {
  readonly unit: CorpusUnit;
  readonly tokens: Uint16Array;
  /** Found while the unit was cut and while it was read. */
  readonly problems: Problems;
}

/**
 * The GPT-2 tokens of a corpus from a unit on, `<|endoftext|>` before each document. At most two units a thread are in
 * memory, and the oldest is given as soon as it is done, also while the next is still to come. An error of the corpus is
 * thrown after the units before it have been given.
 * @param workers how many threads tokenise.
 * @param signal ends it with its reason, even while a thread works on a slow unit.
 * @param patience how long a unit may take before it becomes a problem.
 */
export async function* tokenizeUnits(
  corpus: Corpus,
  from: UnitPlace,
  workers: number,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<TokenizedUnit> {
  const threads = Array.from({ length: workers }, () => new TokenizeThread(patience));
  const abort = new AbortController();
  const units = unitsUntilError(corpus.units(from, AbortSignal.any([abort.signal, signal])));
  const inFlight: { readonly weight: number; readonly done: Promise<TokenizedUnit> }[] = [];
  let next: Promise<IteratorResult<CorpusUnit, Failure | undefined>> | undefined;
  let ended = false;
  let failure: Failure | undefined;
  const onAbort = (): void => {
    for (const thread of threads) void thread.stop(signal.reason);
  };
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      if (!ended && hasRoom(inFlight, workers)) next ??= units.next();
      const [oldest] = inFlight;
      if (oldest === undefined && next === undefined) break;
      const isOldest = await Promise.race([
        ...(oldest === undefined ? [] : [oldest.done.then(() => true)]),
        ...(next === undefined ? [] : [next.then(() => false)]),
      ]);
      if (isOldest && oldest !== undefined) {
        inFlight.shift();
        yield await oldest.done;
      } else if (next !== undefined) {
        const { value, done } = await next;
        next = undefined;
        if (done) {
          ended = true;
          failure = value;
        } else inFlight.push({ weight: value.weight, done: tokenizeUnit(value, leastBusy(threads)) });
      }
    }
    if (failure !== undefined) throw failure.cause;
  } finally {
    signal.removeEventListener('abort', onAbort);
    abort.abort();
    await Promise.all(threads.map((thread) => thread.stop()));
    await next;
    await units.return(undefined);
  }
}

interface Failure {
  readonly cause: unknown;
}

/** The units; an error ends them and is what they return. */
async function* unitsUntilError(units: AsyncIterable<CorpusUnit>): AsyncGenerator<CorpusUnit, Failure | undefined> {
  try {
    yield* units;
    return undefined;
  } catch (cause) {
    return { cause };
  }
}

function hasRoom(inFlight: readonly { readonly weight: number }[], workers: number): boolean {
  const weight = inFlight.reduce((sum, unit) => sum + unit.weight, 0);
  return inFlight.length < UNITS_A_THREAD * workers && weight < BYTES_IN_FLIGHT;
}

function leastBusy(threads: readonly TokenizeThread[]): TokenizeThread {
  return threads.reduce((least, thread) => (thread.pending < least.pending ? thread : least));
}

function tokenizeUnit(unit: CorpusUnit, thread: TokenizeThread): Promise<TokenizedUnit> {
  if (unit.work === undefined) return Promise.resolve({ unit, tokens: new Uint16Array(0), problems: unit.problems });
  const tokenized = thread
    .tokenize(unit.work, unit.weight)
    .then(({ tokens, problems }) => ({ unit, tokens, problems: joinProblems(unit.problems, problems) }));
  // awaited in its turn; until then a failure must not count as unhandled
  tokenized.catch(() => {});
  return tokenized;
}
