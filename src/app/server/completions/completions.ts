/** @file The completions API over HTTP, with figures of it for Prometheus. */

import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { DeviceLost } from '../../../engine/runtime/device-lost.ts';
import { ServerMetrics } from '../metrics/server-metrics.ts';
import type { ModelPool } from '../models/model-pool.ts';
import { completionsApi } from './completions-api.ts';
import { HttpDelivery } from './http-delivery.ts';
import { MAX_LOGGED_DEFECTS } from './limits.ts';
import { ownClientsOnly } from './own-clients.ts';
import { asProblem, isDefect, lostProblem } from './problem.ts';
import { readBytes } from './read-body.ts';

/**
 * Answers requests with models; when a connection is cut, by the client or because the server ends, its work ends too.
 * @param onLost told that the models' device has failed, by each request that finds it so
 */
export function completionsApp(
  pool: ModelPool,
  onLost: (cause: DeviceLost) => void = () => {},
): Hono<{ Bindings: HttpBindings }> {
  const metrics = new ServerMetrics(() => pool.models);
  const log = defectLog();
  const app = completionsApi<HttpBindings>(pool, {
    guard: ownClientsOnly,
    readBytes: ({ env }, limit, reserve) => readBytes(env.incoming, limit, reserve),
    deliver: ({ env }, contentType) => new HttpDelivery(env.outgoing, contentType),
    deliverEvents: ({ env }) => HttpDelivery.events(env.outgoing),
    delivered: RESPONSE_ALREADY_SENT,
    follow: () => metrics.begin(),
    explain: (cause) => {
      if (cause instanceof DeviceLost) {
        onLost(cause);
        return lostProblem();
      }
      if (isDefect(cause)) log(cause);
      return asProblem(cause);
    },
    explainUnopened: ({ id }, { message }) => {
      // the reason names files
      log(`${id}: ${message}`);
      return asProblem(
        new HTTPException(503, {
          message: `The model "${id}" cannot be opened now; the server's log says why; ask another`,
        }),
      );
    },
  });
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  return app;
}

/** A log of defects, bounded so that requests cannot fill a disk with it. */
function defectLog(): (defect: unknown) => void {
  let logged = 0;
  return (defect) => {
    if (logged++ < MAX_LOGGED_DEFECTS) console.error(defect);
  };
}
