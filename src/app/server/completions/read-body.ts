/** @file The body of a request: so many bytes, then JSON that costs no more than its length. */

import type { IncomingMessage } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { messageOf, UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import { MAX_JSON_DEPTH, MAX_JSON_FIELDS, MAX_JSON_LISTS } from './limits.ts';

/**
 * Reads a body as JSON.
 * @param limit of its bytes
 * @param reserve is told of memory before it is taken, and may throw
 * @throws HTTPException 413 when it is too long; UserError when it is no JSON, or ends early
 */
export async function readBody(
  message: IncomingMessage,
  limit: number,
  reserve: (bytes: number) => void,
): Promise<unknown> {
  const bytes = await readBytes(message, limit, reserve);
  return inTurn(() => parse(bytes));
}

/** Room for a body whose length is not known, to begin with. */
const FIRST_BYTES = 16 * 1024;

/** Chunks are copied as they come: many small ones would take a multiple of their length. */
function readBytes(message: IncomingMessage, limit: number, reserve: (bytes: number) => void): Promise<Buffer> {
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
    // its error says no more than that it is closed, which it is behind it
    message.on('error', () => {});
    message.on('data', onData).on('end', onEnd).on('close', onCut);
  });
}

function parse(bytes: Buffer): unknown {
  checkShape(bytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new UserError(`expected a JSON body in UTF-8 (${messageOf(cause)})`);
  }
}

const [QUOTE, BACKSLASH, COLON] = ['"', '\\', ':'].map((character) => character.charCodeAt(0));
const OPENING = ['[', '{'].map((character) => character.charCodeAt(0));
const CLOSING = [']', '}'].map((character) => character.charCodeAt(0));

/**
 * Refuses what is much dearer to parse than to send.
 * @throws UserError when lists and objects are nested too deep, or they or their fields are too many
 */
function checkShape(bytes: Buffer): void {
  let [depth, lists, fields] = [0, 0, 0];
  let isText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) isText = !isText;
    else if (isText) {
      if (byte === BACKSLASH) index++;
    } else if (byte === COLON) fields++;
    else if (byte === OPENING[0] || byte === OPENING[1]) {
      lists++;
      if (++depth > MAX_JSON_DEPTH)
        throw new UserError(`expected lists and objects at most ${MAX_JSON_DEPTH} deep, found more`);
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) depth--;
  }
  if (fields > MAX_JSON_FIELDS) throw new UserError(`expected at most ${MAX_JSON_FIELDS} fields, found ${fields}`);
  if (lists > MAX_JSON_LISTS) throw new UserError(`expected at most ${MAX_JSON_LISTS} lists, found ${lists}`);
}
