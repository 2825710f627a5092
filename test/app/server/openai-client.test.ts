/** OpenAI's own client, unchanged, against the server. */

import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { listen, type RunningServer } from '#minillm/app/server/listen.js';
import type { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { serveApp } from '#minillm/app/server/serve-app.js';
import { ServerState } from '#minillm/app/server/server-state.js';
import { openPool } from './models/pools.ts';

let pool: ModelPool;
let server: RunningServer;
let client: OpenAI;
beforeAll(async () => {
  pool = await openPool('untrained:tiny', 'untrained');
  const state = new ServerState();
  state.api = completionsApp(pool);
  server = await listen(serveApp(state, '0', { apiKey: 'secret' }), { host: '127.0.0.1', port: 0, isFixed: true });
  client = new OpenAI({ baseURL: `${server.url}v1`, apiKey: 'secret', maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  await pool.close();
});

const BODY = { model: 'untrained:tiny', prompt: 'Once upon a time', max_tokens: 5, seed: 3 };

test('completions, with log-probabilities', async () => {
  const { choices, usage, model, object } = await client.completions.create({ ...BODY, logprobs: 2, n: 2 });
  expect({ model, object }).toEqual({ model: BODY.model, object: 'text_completion' });
  expect(choices.map(({ index }) => index)).toEqual([0, 1]);
  expect(choices[0]?.logprobs?.token_logprobs).toHaveLength(5);
  expect(usage?.completion_tokens).toBe(10);
});

test('a stream, with log-probabilities and usage', async () => {
  const whole = await client.completions.create(BODY);
  const stream = await client.completions.create({
    ...BODY,
    ...{ stream: true, logprobs: 1, stream_options: { include_usage: true } },
  });
  let text = '';
  let tokens = 0;
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
    tokens += chunk.choices[0]?.logprobs?.tokens?.length ?? 0;
    usage = chunk.usage ?? usage;
  }
  expect(text).toBe(whole.choices[0]?.text);
  expect(tokens).toBe(5);
  expect(usage).toEqual(whole.usage);
});

test('a page of another site asks only if the site was named', async () => {
  const state = new ServerState();
  state.api = completionsApp(pool);
  const corsOrigins = ['https://notes.example'];
  const open = await listen(serveApp(state, '0', { corsOrigins }), { host: '127.0.0.1', port: 0, isFixed: true });
  const statusFor = async (origin: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', origin };
    const init = { method: 'POST', headers, body: JSON.stringify(BODY) };
    return (await fetch(`${open.url}v1/completions`, init)).status;
  };
  try {
    expect(await statusFor('https://notes.example')).toBe(200);
    expect(await statusFor('https://notes.example.evil.example')).toBe(403);
    expect(await statusFor('null')).toBe(403);
  } finally {
    await open.close();
  }
});

test('models', async () => {
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  expect(ids).toEqual(['untrained:tiny', 'untrained']);
  expect(await client.models.retrieve('untrained:tiny')).toMatchObject({ object: 'model', max_model_len: 128 });
});

describe('errors', () => {
  test.each([
    ['a wrong field', { ...BODY, temperature: 3 }, BadRequestError, 'temperature', 'invalid_value'],
    ['an unknown model', { ...BODY, model: 'gpt-9' }, NotFoundError, 'model', 'model_not_found'],
    ['a text too long', { ...BODY, max_tokens: 500 }, BadRequestError, 'prompt', 'context_length_exceeded'],
  ])('%s is the error it should be', async (_, body, kind, param, code) => {
    const failure = await client.completions.create(body).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ param, code });
    expect((failure as InstanceType<typeof kind>).requestID).toMatch(/^[\w-]{36}$/);
  });

  test('a wrong key', async () => {
    const stranger = new OpenAI({ baseURL: `${server.url}v1`, apiKey: 'guess', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toThrow(AuthenticationError);
  });

  test('too many requests', async () => {
    const state = new ServerState();
    state.api = completionsApp(pool);
    const limited = await listen(serveApp(state, '0', { rateLimit: 1 }), { host: '127.0.0.1', port: 0, isFixed: true });
    const eager = new OpenAI({ baseURL: `${limited.url}v1`, apiKey: 'none', maxRetries: 0 });
    try {
      await eager.completions.create(BODY);
      await expect(eager.completions.create(BODY)).rejects.toThrow(RateLimitError);
    } finally {
      await limited.close();
    }
  });

  test('chat is told why there is none', async () => {
    const chat = client.chat.completions.create({ model: BODY.model, messages: [{ role: 'user', content: 'Hi' }] });
    await expect(chat).rejects.toThrow(/base models, .* no chat template/);
  });
});
