/**
 * @file OpenAI's completions API: `POST /v1/completions`. Clients of that API, among them lm-evaluation-harness, work
 * unchanged. A request is read, checked and held against the limits (limits.ts) before any work is done for it, and answered
 * as fast as its client takes the answer.
 */

import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { UserError } from '../../../support/errors.ts';
import type { Lease, ModelPool } from '../models/model-pool.ts';
import { modelRoutes, requireModel } from '../models/model-routes.ts';
import type { ModelSource } from '../models/model-source.ts';
import { type AcceptedRequest, sendChoices, streamPieces } from './answer.ts';
import { planWork } from './completer.ts';
import { responseHead } from './completion-response.ts';
import { completionBody } from './completions-schema.ts';
import { ClientGone } from './delivery.ts';
import { MAX_LOGGED_DEFECTS, modelLimits } from './limits.ts';
import { Load } from './load.ts';
import { ownClientsOnly } from './own-clients.ts';
import { isDefect, problemResponse, RequestProblem } from './problem.ts';
import { readBody } from './read-body.ts';

/** Answers requests with models; when a connection is cut, by the client or because the server ends, its work ends too. */
export function completionsApp(pool: ModelPool): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const contexts = [pool.main, pool.compared ?? pool.main].map(({ config }) => config.contextLength);
  const limits = modelLimits(Math.max(...contexts));
  const load = new Load(limits);
  const log = defectLog();
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.route('/', modelRoutes(pool));
  app.post('/v1/completions', ownClientsOnly, async (c) => {
    const share = load.enter();
    try {
      const value = await readBody(c.env.incoming, limits, (bytes) => share.take('bodyBytes', bytes));
      const body = completionBody(value);
      const source = await requireModel(pool, body.model ?? undefined);
      const work = await planWork(body, modelLimits(source.config.contextLength));
      share.take('tokens', work.tokens);
      share.giveBack('bodyBytes');
      const lease = await leaseModel(pool, source);
      try {
        const { model } = lease;
        const head = responseHead(randomUUID(), body.model ?? source.id);
        const request: AcceptedRequest = { model, head, body, work, signal: c.req.raw.signal };
        if (body.stream) await streamPieces(request, c.env.outgoing, log);
        else await sendChoices(request, c.env.outgoing);
      } finally {
        lease.release();
      }
      return RESPONSE_ALREADY_SENT;
    } finally {
      share.leave();
    }
  });
  app.post('/v1/chat/completions', () => {
    throw new RequestProblem(
      'this server has base models, which continue texts and have no chat template; send a text to POST /v1/completions',
      { status: 404, code: 'unsupported_endpoint' },
    );
  });
  app.notFound((c) =>
    problemResponse(
      c,
      new RequestProblem(
        `expected POST /v1/completions, GET /v1/models or GET /health, found ${c.req.method} ${c.req.path}`,
        { status: 404 },
      ),
    ),
  );
  app.onError((error, c) => {
    // nobody is left to read an answer
    if (error instanceof ClientGone) return RESPONSE_ALREADY_SENT;
    if (isDefect(error)) log(error);
    return problemResponse(c, error);
  });
  return app;
}

/** @throws HTTPException 503 when the model cannot be had now: its files are damaged, or there is no memory for it */
async function leaseModel(pool: ModelPool, source: ModelSource): Promise<Lease> {
  try {
    return await pool.lease(source);
  } catch (cause) {
    throw cause instanceof UserError ? new HTTPException(503, { message: cause.message }) : cause;
  }
}

/** A log of defects, bounded so that requests cannot fill a disk with it. */
function defectLog(): (defect: unknown) => void {
  let logged = 0;
  return (defect) => {
    if (logged++ < MAX_LOGGED_DEFECTS) console.error(defect);
  };
}
