/**
 * @file The dashboard's server: the page, and one stream of events with all its data (dashboard-stream.ts). It reads run
 * folders and nothing else, so it shows a run whichever process trains it, and cannot disturb it.
 */

import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { isFromElsewhere } from '../elsewhere.ts';
import { pagesApp } from '../pages.ts';
import type { DashboardRuns } from './informant.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { streamToPage } from './page-stream.ts';
import { Watch } from './watch.ts';

/** The page, which asks for the events beside it. */
export const DASHBOARD_PAGE = 'dashboard.html';

/** The application; `runs.information` may change while it serves. */
export function dashboardApp(runs: DashboardRuns): Hono {
  const app = new Hono();
  app.route('/', pagesApp({ '/': DASHBOARD_PAGE }));
  app.route('/', runEvents(runs));
  return app;
}

/** The stream of events at `/app/events`. */
export function runEvents(runs: DashboardRuns): Hono {
  const app = new Hono();
  const watch = new Watch(runs);
  app.get('/app/events', (context) => {
    // a page of another site could not read the answer, but it could hold connections
    if (isFromElsewhere((name) => context.req.header(name)))
      return context.text('only for pages of this server\n', 403);
    if (watch.isFull)
      return context.text('too many pages are open; try again later\n', 503, {
        'retry-after': `${RETRY_AFTER_SECONDS}`,
      });
    if (context.req.raw.method === 'HEAD') return context.body(null);
    const { outgoing } = context.env as HttpBindings;
    void streamToPage(outgoing, watch, lastPosition(context));
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}

/** Where a page continues: as it says itself, or as browsers do whose `EventSource` reconnects. */
function lastPosition(context: Context): string {
  return context.req.header('last-event-id') ?? context.req.query('from') ?? '';
}
