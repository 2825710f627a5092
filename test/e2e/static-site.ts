/** @file The built pages as a host of static files gives them, with the headers that let a page share memory with its workers. */

import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

const BUILT = fileURLToPath(new URL('../../dist/app/web/', import.meta.url));

/** Serves until it is closed; `url` ends with a slash. */
export async function serveBuiltPages(): Promise<{ readonly url: string; close(): void }> {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('cross-origin-opener-policy', 'same-origin');
    context.header('cross-origin-embedder-policy', 'require-corp');
  });
  app.use(serveStatic({ root: BUILT }));
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) =>
      resolve({ url: `http://127.0.0.1:${port}/`, close: () => void server.close() }),
    );
  });
}
