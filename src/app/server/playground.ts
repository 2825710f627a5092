/**
 * @file The app's page and what only it asks for: the texts of tokens. Its other data come from the completions API, which
 * anyone may use.
 */

import { Hono } from 'hono';
import { pagesApp } from './pages.ts';
import { tokenTexts } from './token-texts.ts';

/**
 * The page at `/`, the texts of tokens at `/app/tokens.json?ids=1,2,3`; anything else is left to other applications.
 * @param others documents of other pages, by path
 */
export function playgroundApp(others: Readonly<Record<string, string>> = {}): Hono {
  const app = new Hono();
  app.route('/', tokenTexts());
  app.route('/', pagesApp({ '/': 'playground.html', ...others }));
  return app;
}
