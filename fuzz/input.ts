/** @file The input of a seed, a target and an index: the same whenever and wherever it is made. */

import { Random } from '#minillm/support/random.js';
import { Choice } from './choice.ts';
import { MAX_INPUT_BYTES, type Target } from './target.ts';

const MAX_CHANGES = 5;

/**
 * The valid inputs come first, as they are; after them come mutations.
 * @param seeds of the target
 */
export function makeInput(target: Target, seeds: readonly Buffer[], seed: number, index: number): Buffer {
  const valid = seeds[index];
  if (valid !== undefined) return valid;
  const choice = new Choice(new Random(seed, `${target.name} ${index}`));
  let input = choice.oneOf(seeds);
  // one change says most; several get where one does not
  const changes = choice.once(3) ? 1 + choice.below(MAX_CHANGES) : 1;
  for (let change = 0; change < changes; change++)
    input = target.mutate(input, choice, seeds).subarray(0, MAX_INPUT_BYTES);
  return input;
}
