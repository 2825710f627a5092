/** @file Ranks start, or fail, together: each learns of the others before it enters a collective that they may never reach. */

import type { Communicator } from '../engine/runtime/communicator.ts';
import { messageOf, UserError } from '../support/errors.ts';

type Ranks = Pick<Communicator, 'rank' | 'size' | 'share'>;

/** An error that every rank reports; only the rank that prints needs to. */
export class SharedError extends UserError {}

/**
 * Does a piece of work on every rank; what one of them fails with, all do.
 * @throws SharedError naming the ranks, unless all failed alike.
 */
export async function together<T>(communicator: Ranks, work: () => Promise<T> | T): Promise<T> {
  if (communicator.size === 1) return work();
  let outcome: { readonly value: T } | { readonly cause: unknown };
  try {
    outcome = { value: await work() };
  } catch (cause) {
    outcome = { cause };
  }
  const errors = await communicator.share('cause' in outcome ? `!${messageOf(outcome.cause)}` : '');
  if ('cause' in outcome && !(outcome.cause instanceof UserError)) throw outcome.cause;
  if (errors.some((error) => error !== '')) throw new SharedError(describeErrors(errors));
  if ('cause' in outcome) throw outcome.cause;
  return outcome.value;
}

/**
 * Does a piece of work on some ranks, then on the others, which find what the first have made: downloads, compiled kernels.
 * @throws SharedError as `together` does
 */
export async function firstThenOthers<T>(communicator: Ranks, isFirst: boolean, work: () => Promise<T>): Promise<T> {
  const first = await together(communicator, () => (isFirst ? work() : undefined));
  const other = await together(communicator, () => (isFirst ? first : work()));
  return other as T;
}

/** Errors by rank, each marked by `!`: the one that all have, else each with the first rank that has it. */
function describeErrors(errors: readonly string[]): string {
  const distinct = [...new Set(errors.filter((error) => error !== ''))];
  return distinct
    .map((error) => {
      const ranks = errors.flatMap((each, rank) => (each === error ? [rank] : []));
      const text = error.slice(1);
      return ranks.length === errors.length ? text : `${nameRanks(ranks)}: ${text}`;
    })
    .join('; ');
}

/**
 * Checks that all ranks have the same facts.
 * @param advice what to do if they do not
 * @throws SharedError naming the first facts that differ, and whose they are.
 */
export async function agreeOn(
  communicator: Ranks,
  facts: Readonly<Record<string, unknown>>,
  advice: string,
): Promise<void> {
  if (communicator.size === 1) return;
  const texts = await communicator.share(JSON.stringify(facts));
  const all = texts.map((text) => JSON.parse(text) as Record<string, unknown>);
  const names = [...new Set(all.flatMap((each) => Object.keys(each)))];
  const different = names.filter((name) => new Set(all.map((each) => JSON.stringify(each[name]))).size > 1);
  if (different.length === 0) return;
  const named = different.slice(0, 5).map((name) => `${name} is ${describeValues(all.map((each) => each[name]))}`);
  throw new SharedError(`expected all ranks to agree, but ${named.join('; ')}; ${advice}`);
}

function describeValues(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value) ?? 'missing');
  return [...new Set(texts)]
    .map((text) => `${text} on ${nameRanks(texts.flatMap((each, rank) => (each === text ? [rank] : [])))}`)
    .join(' and ');
}

function nameRanks(ranks: readonly number[]): string {
  const [first, ...rest] = ranks;
  if (rest.length === 0) return `rank ${first}`;
  return ranks.length <= 4
    ? `ranks ${ranks.join(', ')}`
    : `ranks ${ranks.slice(0, 3).join(', ')} and ${ranks.length - 3} more`;
}
