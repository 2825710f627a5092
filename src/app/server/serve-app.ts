/**
 * @file The app's server around the completions API: who may ask, what is answered while the models load, and how it ends.
 * The pages, `GET /health`, `/version`, `/openapi.json` and `/app/loading.json` are answered to anyone at any time.
 */

import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { RUN_PAGE } from '../run-page.ts';
import { requireApiKey } from './access/api-key.ts';
import { answerHeaders } from './access/headers.ts';
import { limitRate, RateLimit } from './access/rate-limit.ts';
import { RETRY_AFTER_SECONDS } from './completions/limits.ts';
import { notReadyProblem, problemResponse, stoppingProblem } from './completions/problem.ts';
import { DASHBOARD_PAGE, runEvents } from './dashboard/dashboard.ts';
import { openApiDocument } from './openapi/document.ts';
import { playgroundApp } from './playground.ts';
import type { ServerState } from './server-state.ts';

export interface AccessOptions {
  /** What clients must send; undefined for none. */
  readonly apiKey?: string | undefined;
  /** Origins of other sites whose pages may ask. */
  readonly corsOrigins?: readonly string[];
  /** Requests a minute of one address; 0 for any number. */
  readonly rateLimit?: number;
}

type Bindings = { Bindings: HttpBindings };

/**
 * @param version of miniLLM
 * @param runFolder of the main model, whose charts are beside the page; undefined for none
 */
export function serveApp(
  state: ServerState,
  version: string,
  options: AccessOptions = {},
  runFolder?: string,
): Hono<Bindings> {
  const { apiKey, corsOrigins = [], rateLimit = 0 } = options;
  const app = new Hono<Bindings>();
  app.use(answerHeaders(corsOrigins));
  app.get('/health', (c) => {
    const isReady = state.phase === 'ok';
    if (!isReady) c.header('retry-after', String(RETRY_AFTER_SECONDS));
    return c.json({ status: state.phase }, isReady ? 200 : 503);
  });
  app.get('/version', (c) => c.json({ version }));
  const document = openApiDocument(version);
  app.get('/openapi.json', (c) => c.json(document));
  app.get('/app/loading.json', (c) => {
    const loading = state.phase === 'loading';
    return c.json({ loading, message: loading ? state.message : '' });
  });
  // the pages ask for the key
  app.route('/', playgroundApp(runFolder === undefined ? {} : { [`/${RUN_PAGE}`]: DASHBOARD_PAGE }));
  if (apiKey !== undefined) app.use(requireApiKey(apiKey));
  if (rateLimit > 0) app.on('POST', '*', limitRate(new RateLimit(rateLimit)));
  if (runFolder !== undefined)
    app.route('/', runEvents({ folders: [runFolder], information: new Map(), hidesPaths: true }));
  app.all('*', (c) => answer(state, c));
  app.onError((error, c) => problemResponse(c, error));
  return app;
}

async function answer(state: ServerState, c: Context<Bindings>): Promise<Response> {
  if (state.phase === 'stopping' || !state.api) throw state.api ? stoppingProblem() : notReadyProblem(state.message);
  const end = state.begin();
  try {
    return await state.api.fetch(c.req.raw, c.env);
  } finally {
    end();
  }
}
