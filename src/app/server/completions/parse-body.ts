/** @file The JSON of a request's body, bounded in the memory that it takes. */

import { messageOf, UserError } from '../../../support/errors.ts';
import { MAX_JSON_DEPTH, MAX_JSON_FIELDS, MAX_JSON_LISTS, type ModelLimits } from './limits.ts';

/** @throws UserError when it is not JSON, or has more lists, fields or values than a request may */
export function parseBody(bytes: Uint8Array<ArrayBuffer>, limits: ModelLimits): unknown {
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
function checkShape(bytes: Uint8Array, { values: maxValues }: ModelLimits): void {
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
