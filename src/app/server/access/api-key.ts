/** @file The API key of a server: `Authorization: Bearer KEY`. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { RequestProblem } from '../completions/problem.ts';

const SCHEME = /^bearer +/i;

/** Refuses requests without the key. Keys are compared by their hashes, in a time that tells nothing of them. */
export function requireApiKey(apiKey: string): MiddlewareHandler {
  const hash = (key: string): Buffer => createHash('sha256').update(key).digest();
  const expected = hash(apiKey);
  return async (c, next) => {
    const header = c.req.header('authorization') ?? '';
    const given = SCHEME.test(header) ? header.replace(SCHEME, '') : undefined;
    if (given !== undefined && timingSafeEqual(hash(given), expected)) return next();
    const found = given === undefined ? 'none' : 'another';
    throw new RequestProblem(`expected the API key of this server as Authorization: Bearer KEY, found ${found}`, {
      status: 401,
      code: 'invalid_api_key',
    });
  };
}
