/** @file A `.bin` shard. */

import { fileTarget } from '../file-target.ts';
import { hostileInteger, mutateBytes } from '../mutate/bytes.ts';
import { readShards, shardBytes } from '../shard-files.ts';
import type { Mutate } from '../target.ts';

const NAME = 'train_000000.bin';

/** Half of the time one of the header's numbers. */
const mutate: Mutate = (input, choice, others) => {
  if (choice.once(2) || input.length < 64) return mutateBytes(input, choice, others);
  const copy = Buffer.from(input);
  copy.set(hostileInteger(choice), 4 * choice.below(4));
  return copy;
};

export const target = fileTarget({
  name: 'bin',
  fileName: NAME,
  seeds: () => [shardBytes(NAME)],
  mutate,
  read: (_, folder) => readShards(folder),
});
