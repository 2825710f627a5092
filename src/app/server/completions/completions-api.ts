/**
 * @file The API of the models: OpenAI's completions, which clients among them lm-evaluation-harness use unchanged, and what
 * vLLM has beside them. A request is read, checked and held against the limits (limits.ts) before any work is done for it,
 * and answered as fast as its client takes the answer.
 */

import { Hono } from 'hono';
import { sparesDevice } from '../../../engine/runtime/device-lost.ts';
import { inTurn } from '../../../support/event-loop.ts';
import type { Lease, ModelPool } from '../models/model-pool.ts';
import { modelRoutes, requireModel } from '../models/model-routes.ts';
import type { ModelSource } from '../models/served-model.ts';
import { type AcceptedRequest, sendChoices, streamPieces } from './answer.ts';
import { planWork } from './completer.ts';
import { responseHead } from './completion-response.ts';
import type { CompletionsHost, HostContext } from './completions-host.ts';
import { completionBody } from './completions-schema.ts';
import { ClientGone } from './delivery.ts';
import { type ModelLimits, modelLimits } from './limits.ts';
import { Load, type Share } from './load.ts';
import { parseBody } from './parse-body.ts';
import { problemResponse, RequestProblem } from './problem.ts';
import { detokenize, modelOf, tokenize } from './tokenize.ts';

/** Answers requests with models; when a request's signal is aborted, its work ends too. */
export function completionsApi<Bindings extends object>(
  pool: ModelPool,
  host: CompletionsHost<Bindings>,
): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  const contexts = [pool.main, pool.compared ?? pool.main].map(({ config }) => config.contextLength);
  const limits = modelLimits(Math.max(...contexts));
  const load = new Load(limits);

  /** A handler of bodies, which takes its share of the limits. */
  const withBody =
    (handle: (c: HostContext<Bindings>, value: unknown, share: Share) => Promise<Response>) =>
    async (c: HostContext<Bindings>): Promise<Response> => {
      const share = load.enter();
      try {
        const bytes = await host.readBytes(c, limits.bodyBytes, (taken) => share.take('bodyBytes', taken));
        return await handle(c, await inTurn(() => parseBody(bytes, limits)), share);
      } finally {
        share.leave();
      }
    };
  const limitsOf = async (value: unknown): Promise<ModelLimits> => {
    const { config } = await requireModel(pool, modelOf(value));
    return modelLimits(config.contextLength);
  };

  app.route('/', modelRoutes(pool));
  app.post(
    '/v1/completions',
    host.guard,
    withBody(async (c, value, share) => {
      const followed = host.follow();
      const body = completionBody(value);
      const source = await requireModel(pool, body.model ?? undefined);
      const work = await planWork(body, modelLimits(source.config.contextLength));
      share.take('tokens', work.tokens);
      share.giveBack('bodyBytes');
      const lease = await leaseModel(pool, source, host);
      try {
        const request: AcceptedRequest = {
          ...{ model: lease.model, body, work, signal: c.req.raw.signal },
          head: responseHead(body.model ?? source.id),
          onToken: followed.token,
        };
        followed.read(work.promptTokens);
        const answered = body.stream
          ? await streamPieces(request, host.deliverEvents(c), host.explain)
          : await sendChoices(request, () => host.deliver(c, 'application/json'));
        followed.end(answered?.map(({ finishReason }) => finishReason) ?? ['error']);
      } catch (cause) {
        followed.end([cause instanceof ClientGone ? 'abort' : 'error']);
        throw cause;
      } finally {
        lease.release();
      }
      return host.delivered;
    }),
  );
  app.post(
    '/tokenize',
    host.guard,
    withBody(async (c, value) => c.json(await tokenize(value, await limitsOf(value)))),
  );
  app.post(
    '/detokenize',
    host.guard,
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
    if (error instanceof ClientGone) return host.delivered;
    return problemResponse(c, host.explain(error));
  });
  return app;
}

/** Characters of an unknown path that an error shows. */
const MAX_SHOWN_PATH = 100;

/** @throws RequestProblem when the model cannot be had now */
async function leaseModel<Bindings extends object>(
  pool: ModelPool,
  source: ModelSource,
  host: CompletionsHost<Bindings>,
): Promise<Lease> {
  try {
    return await pool.lease(source);
  } catch (cause) {
    throw sparesDevice(cause) ? host.explainUnopened(source, cause) : cause;
  }
}
