/**
 * @file The API of the models: OpenAI's completions, which clients among them lm-evaluation-harness use unchanged, and what
 * vLLM has beside them. A request is read, checked and held against the limits (limits.ts) before any work is done for it,
 * and answered as fast as its client takes the answer.
 */

import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { UserError } from '../../../support/errors.ts';
import { ServerMetrics } from '../metrics/server-metrics.ts';
import type { Lease, ModelPool } from '../models/model-pool.ts';
import { modelRoutes, requireModel } from '../models/model-routes.ts';
import type { ModelSource } from '../models/model-source.ts';
import { type AcceptedRequest, sendChoices, streamPieces } from './answer.ts';
import { planWork } from './completer.ts';
import { responseHead } from './completion-response.ts';
import { completionBody } from './completions-schema.ts';
import { ClientGone } from './delivery.ts';
import { MAX_LOGGED_DEFECTS, type ModelLimits, modelLimits } from './limits.ts';
import { Load, type Share } from './load.ts';
import { ownClientsOnly } from './own-clients.ts';
import { isDefect, problemResponse, RequestProblem } from './problem.ts';
import { readBody } from './read-body.ts';
import { detokenize, modelOf, tokenize } from './tokenize.ts';

type Bindings = { Bindings: HttpBindings };

/** Answers requests with models; when a connection is cut, by the client or because the server ends, its work ends too. */
export function completionsApp(pool: ModelPool): Hono<Bindings> {
  const app = new Hono<Bindings>();
  const contexts = [pool.main, pool.compared ?? pool.main].map(({ config }) => config.contextLength);
  const limits = modelLimits(Math.max(...contexts));
  const load = new Load(limits);
  const log = defectLog();
  const metrics = new ServerMetrics(() => pool.models);

  /** A handler of bodies, which takes its share of the limits. */
  const withBody =
    (handle: (c: Context<Bindings>, value: unknown, share: Share) => Promise<Response>) =>
    async (c: Context<Bindings>): Promise<Response> => {
      const share = load.enter();
      try {
        const value = await readBody(c.env.incoming, limits, (bytes) => share.take('bodyBytes', bytes));
        return await handle(c, value, share);
      } finally {
        share.leave();
      }
    };
  const limitsOf = async (value: unknown): Promise<ModelLimits> => {
    const { config } = await requireModel(pool, modelOf(value));
    return modelLimits(config.contextLength);
  };

  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  app.route('/', modelRoutes(pool));
  app.post(
    '/v1/completions',
    ownClientsOnly,
    withBody(async (c, value, share) => {
      const followed = metrics.begin();
      const body = completionBody(value);
      const source = await requireModel(pool, body.model ?? undefined);
      const work = await planWork(body, modelLimits(source.config.contextLength));
      share.take('tokens', work.tokens);
      share.giveBack('bodyBytes');
      const lease = await leaseModel(pool, source, log);
      try {
        const request: AcceptedRequest = {
          ...{ model: lease.model, body, work, signal: c.req.raw.signal },
          head: responseHead(randomUUID(), body.model ?? source.id),
          onToken: followed.token,
        };
        followed.read(work.promptTokens);
        const answered = body.stream
          ? await streamPieces(request, c.env.outgoing, log)
          : await sendChoices(request, c.env.outgoing);
        followed.end(answered?.map(({ finishReason }) => finishReason) ?? ['error']);
      } catch (cause) {
        followed.end([cause instanceof ClientGone ? 'abort' : 'error']);
        throw cause;
      } finally {
        lease.release();
      }
      return RESPONSE_ALREADY_SENT;
    }),
  );
  app.post(
    '/tokenize',
    ownClientsOnly,
    withBody(async (c, value) => c.json(await tokenize(value, await limitsOf(value)))),
  );
  app.post(
    '/detokenize',
    ownClientsOnly,
    withBody(async (c, value) => c.json(await detokenize(value, await limitsOf(value)))),
  );
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
        `there is no ${c.req.method} ${c.req.path.slice(0, MAX_SHOWN_PATH)}; GET /openapi.json lists what there is`,
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

/** Characters of an unknown path that an error shows. */
const MAX_SHOWN_PATH = 100;

/**
 * @param log is told why, since the reason names files
 * @throws HTTPException 503 when the model cannot be had now: its files are damaged, or there is no memory for it
 */
async function leaseModel(pool: ModelPool, source: ModelSource, log: (cause: unknown) => void): Promise<Lease> {
  try {
    return await pool.lease(source);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    log(`${source.id}: ${cause.message}`);
    throw new HTTPException(503, {
      message: `The model "${source.id}" cannot be opened now; the server's log says why; ask another`,
    });
  }
}

/** A log of defects, bounded so that requests cannot fill a disk with it. */
function defectLog(): (defect: unknown) => void {
  let logged = 0;
  return (defect) => {
    if (logged++ < MAX_LOGGED_DEFECTS) console.error(defect);
  };
}
