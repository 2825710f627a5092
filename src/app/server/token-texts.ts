/** @file The texts of tokens by their ids: `GET /app/tokens.json?ids=1,2,3`. */

import { Hono } from 'hono';
import { decode, VOCABULARY_SIZE } from '../../data/tokenizer/tokenizer.ts';

/** Texts of tokens in one answer. */
const MAX_TEXTS = 256;

export function tokenTexts(): Hono {
  const app = new Hono();
  app.get('/app/tokens.json', (context) => {
    const ids = (context.req.query('ids') ?? '').split(',');
    const isTooLong = ids.length > MAX_TEXTS;
    if (isTooLong || !ids.every((id) => /^\d{1,5}$/.test(id) && Number(id) < VOCABULARY_SIZE))
      return context.text(`expected ids=N,N,…: up to ${MAX_TEXTS} ids below ${VOCABULARY_SIZE}\n`, 400);
    context.header('cache-control', 'max-age=86400');
    return context.json(Object.fromEntries(ids.map((id) => [id, decode([Number(id)])])));
  });
  return app;
}
