/** @file Requests that a web page of another site has a browser send are refused before they cost anything. */

import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isFromElsewhere } from '../elsewhere.ts';

/**
 * Passes on what programs send, and pages of this server. A browser says of every other page's request where it is from; and
 * it asks first, which nothing here allows, before it sends JSON to another site.
 * @throws HTTPException 403 for another site's page, 415 for what is not JSON
 */
export const ownClientsOnly: MiddlewareHandler = async (c, next) => {
  if (isFromElsewhere((name) => c.req.header(name))) {
    const from = c.req.header('origin') ?? c.req.header('sec-fetch-site');
    throw new HTTPException(403, { message: `requests of web pages from elsewhere are refused (${from})` });
  }
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new HTTPException(415, {
      message: `expected content-type: application/json, found ${type ?? 'none'}; with curl, -H 'Content-Type: application/json'`,
    });
  await next();
};
