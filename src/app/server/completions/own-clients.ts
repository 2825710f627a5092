/** @file Refuses requests from web pages of other sites before they cost anything. */

import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isFromElsewhere } from '../elsewhere.ts';

/**
 * Lets through requests from programs and from pages of this server. A browser names the origin of every other page's request,
 * and before it sends JSON to another site it asks permission, which this server never gives.
 * @throws HTTPException 403 for a page of another site, 415 for a body that is not JSON
 */
export const ownClientsOnly: MiddlewareHandler = async (c, next) => {
  if (isFromElsewhere((name) => c.req.header(name))) {
    const from = c.req.header('origin') ?? c.req.header('sec-fetch-site');
    throw new HTTPException(403, { message: `requests from web pages of other sites are refused (${from})` });
  }
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new HTTPException(415, {
      message: `expected content-type: application/json, found ${type ?? 'none'}; with curl, -H 'Content-Type: application/json'`,
    });
  await next();
};
