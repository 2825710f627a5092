/** @file Reads the body of a request: bounded in bytes, and in the memory that its JSON takes. */

import type { IncomingMessage } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { messageOf, UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import { MAX_JSON_DEPTH, MAX_JSON_FIELDS, MAX_JSON_LISTS, type ModelLimits } from './limits.ts';

/**
 * Reads a body as JSON.
 * @param reserve is called with the bytes of memory before they are taken, and may throw
 * @throws HTTPException 413 when it is too long; UserError when it is not JSON, ends early, or has more lists, fields or values than a request may
 */
export async function readBody(
  message: IncomingMessage,
  limits: ModelLimits,
  reserve: (bytes: number) => void,
): Promise<unknown> {
  const bytes = await readBytes(message, limits.bodyBytes, reserve);
  return inTurn(() => parse(bytes, limits));
}

/** Initial room for a body of unknown length. */
const FIRST_BYTES = 16 * 1024;

/** Copies chunks as they come: kept, many small ones would take a multiple of their length. */
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
    // its error says only that it is closed, which the close event says too
    message.on('error', () => {});
    message.on('data', onData).on('end', onEnd).on('close', onCut);
  });
}

function parse(bytes: Buffer, limits: ModelLimits): unknown {
  checkShape(bytes, limits);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new UserError(`expected a JSON body in UTF-8 (${messageOf(cause)})`);
  }
}

const [QUOTE, BACKSLASH, COLON, COMMA] = characterCodes('"\\:,');
const [LIST, OBJECT] = characterCodes('[{');
const [LIST_END, OBJECT_END] = characterCodes(']}');

function characterCodes(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

/**
 * Refuses what is much more expensive to parse than to send.
 * @throws UserError when lists and objects are nested too deep, or there are too many of them, of their fields or of their values
 */
function checkShape(bytes: Buffer, { values: maxValues }: ModelLimits): void {
  let [depth, lists, fields, values] = [0, 0, 0, 1];
  let isText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) isText = !isText;
    else if (isText) {
      if (byte === BACKSLASH) index++;
    } else if (byte === COMMA) values++;
    else if (byte === COLON) fields++;
    else if (byte === LIST || byte === OBJECT) {
      lists++;
      if (++depth > MAX_JSON_DEPTH)
        throw new UserError(`request: expected lists and objects at most ${MAX_JSON_DEPTH} deep, found more`);
    } else if (byte === LIST_END || byte === OBJECT_END) depth--;
  }
  checkCount(fields, MAX_JSON_FIELDS, 'fields');
  checkCount(lists, MAX_JSON_LISTS, 'lists');
  checkCount(values, maxValues, 'values, as many as a request may have tokens');
}

function checkCount(count: number, limit: number, what: string): void {
  if (count > limit) throw new UserError(`request: expected at most ${limit} ${what}, found ${count}`);
}
