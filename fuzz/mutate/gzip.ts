/** @file Damage to gzip files: to the compressed bytes, to what is compressed, and members that unpack to very much. */

import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Choice } from '../choice.ts';
import type { Mutate } from '../target.ts';
import { mutateBytes } from './bytes.ts';

/** What a bomb unpacks to: some hundred times its own size. */
const BOMB_BYTES = [1 << 20, 1 << 24, 1 << 26];
const BOMBS = new Map<string, Buffer>();

/** `mutate` is for what is compressed. */
export function mutateGzip(mutate: Mutate): Mutate {
  return (input, choice, others) => {
    if (choice.once(200)) return choice.once(2) ? bomb(choice) : Buffer.concat([input, bomb(choice)]);
    if (choice.once(40)) return Buffer.concat([input, choice.once(2) ? choice.oneOf(others) : choice.bytes(10)]);
    const plain = choice.once(3) ? undefined : unpacked(input);
    if (plain === undefined) return mutateBytes(input, choice, others);
    return gzipSync(
      mutate(
        plain,
        choice,
        others.map((other) => unpacked(other) ?? other),
      ),
      { level: choice.below(10) },
    );
  };
}

function unpacked(input: Buffer): Buffer | undefined {
  try {
    return gunzipSync(input, { maxOutputLength: 1 << 20 });
  } catch {
    return undefined;
  }
}

/** Many times the same: zeros, blank lines, the beginning of a JSON line that does not end. */
function bomb(choice: Choice): Buffer {
  const filling = choice.oneOf(['\0', '\n', 'a', '{"text":"', '0 train 1.5\n', '[']);
  const bytes = choice.oneOf(BOMB_BYTES);
  const key = `${bytes} ${filling}`;
  const made = BOMBS.get(key) ?? gzipSync(Buffer.alloc(bytes, filling), { level: constants.Z_BEST_SPEED });
  BOMBS.set(key, made);
  return made;
}
