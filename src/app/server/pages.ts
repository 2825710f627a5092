/** @file The built pages: a document at each path, and the assets that all of them share. */

import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { pageHeaders } from './page-headers.ts';

/** What the build has written. */
const BUILT = fileURLToPath(new URL('../web/', import.meta.url));

const SHARED = ['/assets/*', '/icon.svg', '/THIRD-PARTY.txt'];

/** An asset's name changes with what is in it; the page says which there are. */
const setCaching: MiddlewareHandler = async (context, next) => {
  await next();
  const isAsset = context.req.path.startsWith('/assets/');
  if (context.res.ok) context.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
};

/** @param documents the file of each path; their links are relative, so all are in one folder */
export function pagesApp(documents: Readonly<Record<string, string>>): Hono {
  const app = new Hono();
  for (const [path, file] of Object.entries(documents))
    app.get(path, pageHeaders(), setCaching, compress(), serveStatic({ root: BUILT, path: file }));
  app.on('GET', SHARED, pageHeaders(), setCaching, compress(), serveStatic({ root: BUILT }));
  return app;
}
