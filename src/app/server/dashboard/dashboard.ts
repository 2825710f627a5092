/**
 * @file The dashboard's server: the page, and one stream of events that tells it everything (dashboard-stream.ts). It reads
 * run folders and nothing else, so that it shows a run whoever trains it, and cannot disturb one.
 */

import { fileURLToPath } from 'node:url';
import type { HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { isFromElsewhere } from '../elsewhere.ts';
import type { DashboardRuns } from './informant.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { tellPage } from './page-stream.ts';
import { Watch } from './watch.ts';

/** The built page. */
const PAGE = fileURLToPath(new URL('../../web/dashboard/', import.meta.url));

/** The application; `runs.information` may change while it serves. */
export function dashboardApp(runs: DashboardRuns): Hono {
  const app = new Hono();
  const watch = new Watch(runs);
  const self = ["'self'"];
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        ...{ defaultSrc: ["'none'"], scriptSrc: self, styleSrc: self, connectSrc: self, imgSrc: self },
        ...{ baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
      },
      // means nothing on plain HTTP
      strictTransportSecurity: false,
    }),
  );
  app.get('/api/events', (context) => {
    // another site's page could not read the answer, but hold connections
    if (isFromElsewhere((name) => context.req.header(name)))
      return context.text('only for pages of this server\n', 403);
    if (watch.isFull)
      return context.text('as many pages as there may be are open\n', 503, { 'retry-after': `${RETRY_AFTER_SECONDS}` });
    // a page cannot see why its stream was refused: it asks again without one
    if (context.req.raw.method === 'HEAD') return context.body(null);
    const { outgoing } = context.env as HttpBindings;
    void tellPage(outgoing, watch, lastPosition(context));
    return RESPONSE_ALREADY_SENT;
  });
  app.use(serveStatic({ root: PAGE }));
  return app;
}

/** Where a page goes on: what the browser says when it connects again by itself, or the page. */
function lastPosition(context: Context): string {
  return context.req.header('last-event-id') ?? context.req.query('from') ?? '';
}
