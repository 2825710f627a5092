/** @file The completions API of an untrained model over real HTTP, for the tests of a file. */

import { afterAll, beforeAll } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { listen, type RunningServer } from '#minillm/app/server/listen.js';
import type { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { openPool } from '../models/pools.ts';

export interface LogProbabilities {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}
export interface ApiChoice {
  index: number;
  text: string;
  logprobs: LogProbabilities | null;
  finish_reason: string | null;
}
export interface Answer {
  choices: ApiChoice[];
  usage: Record<string, number>;
}

export interface Served {
  url: string;
  pool: ModelPool;
  post(path: string, body: unknown): Promise<Response>;
  ask(body: unknown): Promise<Answer>;
  /** The chunks of a stream. */
  stream(body: object): Promise<Answer[]>;
}

export function serveTiny(compare?: string): Served {
  let server: RunningServer;
  const served: Served = {
    url: '',
    pool: undefined as unknown as ModelPool,
    post: (path, body) =>
      fetch(served.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    ask: async (body) => (await served.post('v1/completions', body)).json() as Promise<Answer>,
    stream: async (body) => {
      const text = await (await served.post('v1/completions', { ...body, stream: true })).text();
      const events = text.trim().split('\n\n');
      if (events.pop() !== 'data: [DONE]') throw new Error(`the stream ended early: ${text.slice(-500)}`);
      return events.map((event) => JSON.parse(event.slice('data: '.length)) as Answer);
    },
  };
  beforeAll(async () => {
    served.pool = await openPool('untrained:tiny', compare);
    server = await listen(completionsApp(served.pool), { host: '127.0.0.1', port: 0, isFixed: true });
    served.url = server.url;
  });
  afterAll(async () => {
    await server.close();
    await served.pool.close();
  });
  return served;
}
