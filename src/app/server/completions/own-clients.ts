/** @file Refuses requests from web pages of other sites before they cost anything. */

import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isFromElsewhere } from '../elsewhere.ts';

/**
 * Lets through requests from programs, from pages of this server, and of sites that were named (access/headers.ts). A browser names the origin of every other page's request,
 * and before it sends JSON to another site it asks permission, which only sites that were named get.
 * @throws HTTPException 403 for a page of another site, 415 for a body that is not JSON
 */
export const ownClientsOnly: MiddlewareHandler = async (c, next) => {
  const isNamed = (c.env as HttpBindings).outgoing.hasHeader('access-control-allow-origin');
  if (!isNamed && isFromElsewhere((name) => c.req.header(name))) {
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
