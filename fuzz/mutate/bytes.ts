/** @file Damage to bytes of any format: flipped bits, hostile numbers, and stretches that are cut, repeated, moved or spliced. */

import type { Choice } from '../choice.ts';
import type { Mutate } from '../target.ts';

const HOSTILE_INTEGERS = [0, 1, 2, -1, -2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, -0x80000000, 2 ** 40];
const MAX_STRETCH = 64;
const MAX_REPEATS = 10_000;

/** Changes one place; half of the time among the first bytes, where a header is. */
export const mutateBytes: Mutate = (input, choice, others) => {
  const at = choice.below(choice.once(2) ? Math.min(128, input.length) : input.length);
  const end = Math.min(input.length, at + 1 + choice.below(MAX_STRETCH));
  const [before, stretch, after] = [input.subarray(0, at), input.subarray(at, end), input.subarray(end)];
  switch (choice.below(11)) {
    case 0:
      return overwrite(input, at, Buffer.of((input[at] ?? 0) ^ (1 << choice.below(8))));
    case 1:
      return overwrite(input, at, choice.bytes(1));
    case 2:
      return overwrite(input, at, hostileInteger(choice));
    case 3:
      return before;
    case 4:
      return Buffer.concat([before, after]);
    case 5:
      return Buffer.concat([before, stretch, input.subarray(at)]);
    case 6:
      return Buffer.concat([before, ...Array<Buffer>(choice.length(MAX_REPEATS)).fill(stretch), after]);
    case 7:
      return Buffer.concat([before, choice.bytes(choice.length(MAX_STRETCH)), input.subarray(at)]);
    case 8: {
      const other = choice.oneOf(others);
      return Buffer.concat([before, other.subarray(choice.once(2) ? at : choice.below(other.length))]);
    }
    case 9:
      return Buffer.concat([before, varint(choice), after]);
    default:
      return Buffer.concat([input, choice.bytes(choice.length(MAX_STRETCH))]);
  }
};

/** A copy with other bytes from `at` on, of the same length. */
function overwrite(input: Buffer, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(input);
  copy.set(bytes.subarray(0, copy.length - at), at);
  return copy;
}

/** A number as headers hold it: 1, 2, 4 or 8 bytes, little-endian or big-endian. */
export function hostileInteger(choice: Choice): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(choice.oneOf(HOSTILE_INTEGERS)));
  const short = bytes.subarray(0, 2 ** choice.below(4));
  return choice.once(4) ? short.reverse() : short;
}

/** A number of many bytes, as Thrift and Protocol Buffers write large ones. */
function varint(choice: Choice): Buffer {
  return Buffer.concat([Buffer.alloc(1 + choice.below(10), 0x80 | choice.below(128)), Buffer.of(choice.below(128))]);
}
