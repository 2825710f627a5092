/** @file Reads the body of an HTTP request, bounded in bytes. */

import type { IncomingMessage } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { UserError } from '../../../support/errors.ts';

/** Initial room for a body of unknown length. */
const FIRST_BYTES = 16 * 1024;

/**
 * The bytes of a body. Chunks are copied as they come: kept, many small ones would take a multiple of their length.
 * @param reserve is called with the bytes of memory before they are taken, and may throw
 * @throws HTTPException 413 when it is too long; UserError when it ends early
 */
export function readBytes(
  message: IncomingMessage,
  limit: number,
  reserve: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(message.headers['content-length'] ?? 0);
  let bytes = Buffer.alloc(0);
  let length = 0;
  const makeRoom = (needed: number): void => {
    if (needed > limit)
      throw new HTTPException(413, {
        message: `expected a body of at most ${limit} bytes; send fewer prompts at once`,
      });
    if (needed <= bytes.length) return;
    const larger = Math.min(limit, Math.max(needed, 2 * bytes.length));
    reserve(larger - bytes.length);
    bytes = Buffer.concat([bytes.subarray(0, length)], larger);
  };
  makeRoom(declared || FIRST_BYTES);
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      try {
        makeRoom(length + chunk.length);
      } catch (cause) {
        end(() => reject(cause));
        return;
      }
      length += chunk.copy(bytes, length);
    };
    const onEnd = (): void => end(() => resolve(bytes.subarray(0, length)));
    const onCut = (): void => end(() => reject(new UserError('the request ended before its body did')));
    const end = (settle: () => void): void => {
      message.off('data', onData).off('end', onEnd).off('close', onCut);
      settle();
    };
    // its error says only that it is closed, which the close event says too
    message.on('error', () => {});
    message.on('data', onData).on('end', onEnd).on('close', onCut);
  });
}
