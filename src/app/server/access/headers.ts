/** @file Headers of every answer: what browsers may do with it, which other sites may ask, and its number. */

import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/** Answers are data, not pages: they load nothing and are shown nowhere. The page has headers of its own. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const REQUEST_ID = /^[\w.:-]{1,64}$/;
const PREFLIGHT_SECONDS = 600;

/**
 * Sets them before anything is answered, also by handlers that write to the connection themselves.
 * @param corsOrigins the origins of other sites whose pages may ask
 */
export function answerHeaders(corsOrigins: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const { outgoing } = c.env as HttpBindings;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) outgoing.setHeader(name, value);
    const given = c.req.header('x-request-id') ?? '';
    outgoing.setHeader('x-request-id', REQUEST_ID.test(given) ? given : randomUUID());
    const origin = c.req.header('origin');
    if (corsOrigins.length > 0) outgoing.setHeader('vary', 'Origin');
    if (origin === undefined || !corsOrigins.includes(origin)) return next();
    outgoing.setHeader('access-control-allow-origin', origin);
    outgoing.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
    if (c.req.method !== 'OPTIONS') return next();
    return c.body(null, 204, {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, x-request-id',
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    });
  };
}
