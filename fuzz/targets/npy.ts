/** @file A `.npy` shard. */

import { fileTarget } from '../file-target.ts';
import { hostileInteger, mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/json.ts';
import { readShards, shardBytes } from '../shard-files.ts';
import type { Mutate } from '../target.ts';

const NAME = 'train_000000.npy';
const PREFIX_BYTES = 10;

/** NumPy's header: a version, a length, and a dictionary as Python prints it. */
const mutate: Mutate = (input, choice, others) => {
  const end = PREFIX_BYTES + (input.length < PREFIX_BYTES ? 0 : input.readUInt16LE(8));
  if (choice.once(4) || end > input.length) return mutateBytes(input, choice, others);
  const header = Buffer.from(mutateText(input.toString('latin1', PREFIX_BYTES, end), choice), 'latin1');
  const version = choice.oneOf([1, 1, 1, 2, 2, 3]);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(header.length % 2 ** (8 * length.length), 0, length.length);
  if (choice.once(5)) length.set(hostileInteger(choice).subarray(0, length.length));
  return Buffer.concat([input.subarray(0, 6), Buffer.of(version, 0), length, header, input.subarray(end)]);
};

export const target = fileTarget({
  name: 'npy',
  fileName: NAME,
  seeds: () => [shardBytes(NAME)],
  mutate,
  read: (_, folder) => readShards(folder),
});
