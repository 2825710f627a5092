/** @file The built pages as a host of static files gives them. */

import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HttpBindings, serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { answerFile, type FileBehaviour, faultless } from '../support/file-server.ts';

/** Where the build has the pages. */
export const BUILT_PAGES = fileURLToPath(new URL('../../dist/app/web/', import.meta.url));

export interface StaticSite {
  /** Ends with a slash. */
  readonly url: string;
  /** How it sends weights. */
  readonly weights: FileBehaviour;
  close(): void;
}

interface HostOptions {
  /** Whether it sends the headers that let a page share memory with its workers. */
  readonly isIsolated: boolean;
}

/** A thread's script that fails when the first thread is asked for something that many times. */
export const failingThread = (script: string, messages: number): string => `
  let left = ${messages};
  addEventListener('message', () => { if (--left === 0) throw new Error('gone'); });
  ${script}`;

/** The pages as they were built. */
export const serveBuiltPages = (options: HostOptions): Promise<StaticSite> => serveFolder(BUILT_PAGES, options);

/** The files of a folder. */
export async function serveFolder(root: string, { isIsolated }: HostOptions): Promise<StaticSite> {
  const weights = faultless();
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (context, next) => {
    await next();
    if (!isIsolated) return;
    context.header('cross-origin-opener-policy', 'same-origin');
    context.header('cross-origin-embedder-policy', 'require-corp');
  });
  app.get('/models/*', ({ env: { incoming, outgoing }, req }) => {
    answerFile(incoming, outgoing, readFileSync(join(root, req.path)), weights);
    return RESPONSE_ALREADY_SENT;
  });
  app.use(serveStatic({ root }));
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) =>
      resolve({ url: `http://127.0.0.1:${port}/`, weights, close: () => void server.close() }),
    );
  });
}
