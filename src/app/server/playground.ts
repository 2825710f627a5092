/**
 * @file The app's page and what only it asks for: the texts of tokens. Its other data come from the completions API, which
 * anyone may use.
 */

import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { decode, VOCABULARY_SIZE } from '../../data/tokenizer/tokenizer.ts';
import { pageHeaders } from './page-headers.ts';

/** The built page. */
const PAGE = fileURLToPath(new URL('../web/playground/', import.meta.url));

/** An asset's name changes with what is in it; the page says which there are. */
const setCaching: MiddlewareHandler = async (context, next) => {
  await next();
  const isAsset = context.req.path.startsWith('/assets/');
  if (context.res.ok) context.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
};

/** Texts of tokens in one answer. */
const MAX_TEXTS = 256;

/** What the page's build consists of. */
const PAGE_PATHS = ['/', '/assets/*', '/icon.svg', '/THIRD-PARTY.txt'];

/** The page at `/`, the texts of tokens at `/app/tokens.json?ids=1,2,3`; anything else is left to other applications. */
export function playgroundApp(): Hono {
  const app = new Hono();
  app.get('/app/tokens.json', (context) => {
    const ids = (context.req.query('ids') ?? '').split(',');
    const isTooLong = ids.length > MAX_TEXTS;
    if (isTooLong || !ids.every((id) => /^\d{1,5}$/.test(id) && Number(id) < VOCABULARY_SIZE))
      return context.text(`expected ids=N,N,…: up to ${MAX_TEXTS} ids below ${VOCABULARY_SIZE}\n`, 400);
    context.header('cache-control', 'max-age=86400');
    return context.json(Object.fromEntries(ids.map((id) => [id, decode([Number(id)])])));
  });
  app.on('GET', PAGE_PATHS, pageHeaders(), setCaching, compress(), serveStatic({ root: PAGE }));
  return app;
}
