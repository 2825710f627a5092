/** The completions API over real HTTP, served by a model that has not been trained. */

import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { MAX_LOGPROBS, MAX_REQUESTS } from '#minillm/app/server/completions/limits.js';
import { listen, type RunningServer } from '#minillm/app/server/listen.js';
import type { LanguageModel } from '#minillm/app/server/models/language-model.js';
import type { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { openPool } from '../models/pools.ts';

let pool: ModelPool;
let model: LanguageModel;
let server: RunningServer;
beforeAll(async () => {
  pool = await openPool('untrained:tiny');
  ({ model } = await pool.lease(pool.main));
  server = await listen(completionsApp(pool), { host: '127.0.0.1', port: 0, isFixed: true });
});
afterAll(async () => {
  await server.close();
  await pool.close();
});

interface LogProbabilities {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}
interface Answer {
  choices: { index: number; text: string; logprobs: LogProbabilities | null; finish_reason: string | null }[];
  usage: Record<string, number>;
  error: { message: string; type: string };
}

function post(body: unknown, signal?: AbortSignal): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json' };
  return fetch(`${server.url}v1/completions`, { method: 'POST', headers, body: text, ...(signal ? { signal } : {}) });
}
const ask = async (body: unknown): Promise<Answer> => (await post(body)).json() as Promise<Answer>;

const TEXT = 'The fox ran away from the dog';
const IDS = Array.from(encode(TEXT));

describe('scoring', () => {
  test('echo with no new token gives every token but the first its log-probability', async () => {
    const { choices, usage } = await ask({ prompt: IDS, max_tokens: 0, echo: true, logprobs: 2 });
    const { text, logprobs } = choices[0]!;
    expect(text).toBe(TEXT);
    expect(logprobs?.tokens.join('')).toBe(TEXT);
    expect(logprobs?.token_logprobs[0]).toBe(null);
    for (const value of logprobs!.token_logprobs.slice(1)) expect(value).toBeLessThan(-8);
    for (const [place, top] of logprobs!.top_logprobs.slice(1).entries()) {
      const others = Object.keys(top!).filter((token) => token !== logprobs!.tokens[place + 1]);
      expect(Object.keys(top!)).toContain(logprobs!.tokens[place + 1]);
      expect(others.length).toBeLessThanOrEqual(2);
    }
    expect(logprobs?.text_offset).toEqual(logprobs?.tokens.map((_, i) => logprobs.tokens.slice(0, i).join('').length));
    expect(usage).toEqual({ prompt_tokens: IDS.length, completion_tokens: 0, total_tokens: IDS.length });
  });

  test('as many likeliest tokens are given as vLLM allows, the same ones in their order however many are asked for', async () => {
    const scored = { prompt: IDS, max_tokens: 0, echo: true, return_tokens_as_token_ids: true };
    const named = async (logprobs: number) =>
      (await ask({ ...scored, logprobs })).choices[0]!.logprobs!.top_logprobs.slice(1);
    const [few, all] = [await named(5), await named(MAX_LOGPROBS)];
    for (const [place, top] of all.entries()) {
      const values = Object.values(top!).slice(0, MAX_LOGPROBS);
      expect(values).toHaveLength(20);
      expect(values).toEqual([...values].sort((a, b) => b - a));
      expect(Object.entries(few[place]!).slice(0, 5)).toEqual(Object.entries(top!).slice(0, 5));
    }
  });

  test('what lm-evaluation-harness sends: several prompts of tokens, one greedy token after each', async () => {
    const prompts = [IDS, IDS.slice(0, 3), [50256, ...IDS]];
    const { choices } = await ask({
      prompt: prompts,
      max_tokens: 1,
      temperature: 0,
      logprobs: 1,
      echo: true,
      seed: 1234,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const [index, { logprobs }] of choices.entries()) {
      expect(logprobs?.token_logprobs).toHaveLength(prompts[index]!.length + 1);
      const [best] = Object.entries(logprobs!.top_logprobs.at(-1)!);
      expect([logprobs!.tokens.at(-1), logprobs!.token_logprobs.at(-1)]).toEqual(best);
      const greedy = await ask({ prompt: prompts[index], max_tokens: 1, temperature: 0 });
      expect(logprobs?.tokens.at(-1)).toBe(greedy.choices[0]?.text);
    }
  });

  test('the greedy token after a prompt is held back where it is a stop', async () => {
    const body = { prompt: IDS, max_tokens: 1, temperature: 0, logprobs: 1 };
    const [free] = (await ask(body)).choices;
    const many = Array.from({ length: 10 }, (_, index) => `never ${index}`);
    const [stopped] = (await ask({ ...body, stop: [...many, free!.text] })).choices;
    expect(stopped).toEqual({ ...free, text: '', finish_reason: 'stop' });
  });

  test('a model that gives NaN is reported, also where only the next token is asked for', async () => {
    const score = vi.spyOn(model.scorer, 'score').mockImplementation(async function* (requests) {
      for (const { continuations } of requests)
        yield continuations.map(({ length }) => {
          const topIds = new Int32Array(MAX_LOGPROBS * length);
          return {
            values: new Float32Array(length),
            topIds,
            topValues: new Float32Array(MAX_LOGPROBS * length).fill(Number.NaN),
          };
        });
    });
    onTestFinished(() => score.mockRestore());
    const { error } = await ask({ prompt: [464], max_tokens: 1, temperature: 0, logprobs: 0 });
    expect(error.message).toMatch(/log-probabilities of NaN; its weights are damaged/);
  });

  test('a prompt scores the same alone and beside others, as text and as tokens', async () => {
    const body = { max_tokens: 0, echo: true, logprobs: 0 };
    const [alone] = (await ask({ ...body, prompt: TEXT })).choices;
    const { choices } = await ask({ ...body, prompt: [IDS.slice(2), IDS, [464]] });
    expect(choices[1]).toEqual({ ...alone, index: 1 });
  });

  test('<|endoftext|> in a text is the token of that name, in front and within, its offsets those of the text', async () => {
    const text = `<|endoftext|>${TEXT}<|endoftext|> end`;
    const body = { max_tokens: 0, echo: true, logprobs: 0 };
    const ids = [50256, ...IDS, 50256, ...encode(' end')];
    const { choices } = await ask({ ...body, prompt: [text, ids] });
    expect({ ...choices[0], index: 1 }).toEqual(choices[1]);
    expect(choices[0]?.text).toBe(text);
    expect(choices[0]?.logprobs?.tokens[0]).toBe('<|endoftext|>');
    expect(choices[0]?.logprobs?.text_offset.slice(0, 2)).toEqual([0, '<|endoftext|>'.length]);
    expect(choices[0]?.logprobs?.text_offset.at(-1)).toBe(text.length - ' end'.length);
  });

  test('a prompt as long as the context is scored', async () => {
    const prompt = Array.from({ length: 128 }, (_, i) => i);
    const { choices } = await ask({ prompt, max_tokens: 1, temperature: 0, echo: true, logprobs: 1 });
    expect(choices[0]?.logprobs?.token_logprobs).toHaveLength(129);
  });
});

describe('writing', () => {
  test('the same seed writes the same, with log-probabilities that scoring gives too', async () => {
    const body = { prompt: TEXT, max_tokens: 6, seed: 5, logprobs: 1, n: 2 };
    const [first, second] = [await ask(body), await ask(body)];
    expect(second.choices).toEqual(first.choices);
    expect(first.choices[0]?.text).not.toBe(first.choices[1]?.text);
    expect(first.usage).toEqual({ prompt_tokens: IDS.length, completion_tokens: 12, total_tokens: IDS.length + 12 });
    const echoed = await ask({ ...body, echo: true });
    expect(echoed.choices[0]?.text).toBe(TEXT + first.choices[0]?.text);
    expect(echoed.choices[0]?.logprobs?.token_logprobs.slice(IDS.length)).toEqual(
      first.choices[0]?.logprobs?.token_logprobs,
    );
  });

  test('ends in front of a stop', async () => {
    const [free] = (await ask({ prompt: TEXT, max_tokens: 12, seed: 1 })).choices;
    const stop = free!.text.slice(5, 9);
    const [stopped] = (await ask({ prompt: TEXT, max_tokens: 12, seed: 1, stop: ['never there', stop] })).choices;
    expect(stopped).toMatchObject({ text: free!.text.slice(0, free!.text.indexOf(stop)), finish_reason: 'stop' });
    expect(free?.finish_reason).toBe('length');
  });

  test('streams the same text in pieces', async () => {
    const body = { prompt: TEXT, max_tokens: 5, seed: 2, echo: true };
    const [whole] = (await ask(body)).choices;
    const events = (await (await post({ ...body, stream: true })).text()).trim().split('\n\n');
    expect(events.pop()).toBe('data: [DONE]');
    const pieces = events.map((event) => (JSON.parse(event.slice('data: '.length)) as Answer).choices[0]!);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.map(({ text }) => text).join('')).toBe(whole?.text);
    expect(pieces.at(-1)?.finish_reason).toBe('length');
  });

  test('a client that leaves ends its work, and others are answered meanwhile', async () => {
    const leave = new AbortController();
    const generate = vi.spyOn(model.generator, 'generate');
    onTestFinished(() => generate.mockRestore());
    const long = post({ prompt: Array.from({ length: 64 }, () => TEXT), max_tokens: 40 }, leave.signal);
    long.catch(() => {});
    await setTimeout(50);
    const between = await ask({ prompt: TEXT, max_tokens: 1, temperature: 0 });
    expect(between.choices).toHaveLength(1);
    const isEnded = () => generate.mock.calls.some(([{ signal, tokens }]) => tokens === 40 && signal?.aborted);
    expect(isEnded()).toBe(false);
    leave.abort();
    await expect(long).rejects.toThrow();
    await expect.poll(isEnded).toBe(true);
    expect((await ask({ prompt: TEXT, max_tokens: 2 })).choices).toHaveLength(1);
  });
});

test('a page of this server may ask, and a parameter of the content type does not matter', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8', origin: new URL(server.url).origin };
  const body = JSON.stringify({ prompt: TEXT, max_tokens: 1 });
  const response = await fetch(`${server.url}v1/completions`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
});

test('an answer of many choices with all their log-probabilities is whole', async () => {
  const prompt = Array.from({ length: 60 }, (_, i) => Array.from({ length: 127 }, (_, id) => id + i));
  const { choices, usage } = await ask({ prompt, max_tokens: 0, echo: true, logprobs: MAX_LOGPROBS });
  expect(choices.map(({ index, logprobs }) => [index, logprobs?.tokens.length])).toEqual(
    prompt.map((_, i) => [i, 127]),
  );
  expect(usage.prompt_tokens).toBe(60 * 127);
});

test('a server that is full says so, and still answers /health; there is room once a client leaves', async () => {
  const { hostname, port } = new URL(server.url);
  const head = `POST /v1/completions HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`;
  let areLeaving = false;
  const sockets = new Set<Socket>();
  const leave = () => {
    areLeaving = true;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(leave);
  /** One whose request has taken too long to arrive, or found no room, sends another. */
  const send = () => {
    if (areLeaving) return;
    const socket = connect(Number(port), hostname).on('error', () => {});
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      void setTimeout(100).then(send);
    });
    socket.write(head);
  };
  // some more, since what asks whether it is full takes a place of theirs
  for (let client = 0; client < MAX_REQUESTS + 20; client++) send();
  const answer = async () => {
    const { status, headers } = await post({ prompt: TEXT, max_tokens: 1 });
    return [status, headers.get('retry-after')];
  };
  await expect.poll(answer).toEqual([503, '5']);
  expect((await fetch(`${server.url}health`)).status).toBe(200);
  leave();
  await expect.poll(answer).toEqual([200, null]);
});

test('the model is listed, and /health answers', async () => {
  const models = (await (await fetch(`${server.url}v1/models`)).json()) as { data: unknown[] };
  expect(models.data).toMatchObject([{ id: 'untrained:tiny', object: 'model' }]);
  expect((await fetch(`${server.url}health`)).status).toBe(200);
});

test.each([
  ['no JSON', '{"prompt":', /expected a JSON body/],
  ['no prompt', {}, /prompt: expected a text, a list of texts/],
  ['an empty list', { prompt: [] }, /prompt: expected a text/],
  ['a token that is none', { prompt: [50257] }, /prompt.0: expected a token id below 50257, found 50257/],
  ['too long', { prompt: TEXT, max_tokens: 125 }, /maximum context length is 128 tokens; the request has 7 .* and 125/],
  ['too long to be scored', { prompt: Array(129).fill(1), max_tokens: 0 }, /has 129 in the prompt; shorten it$/],
  ['too long for a stream', { prompt: TEXT, max_tokens: 125, stream: true }, /maximum context length is 128 tokens/],
  ['far too long', { prompt: 'a'.repeat(5000) }, /allows a text prompt of 4096 bytes; the request has 5000/],
  ['too many log-probabilities', { prompt: TEXT, logprobs: 21 }, /logprobs: Too big: expected number to be <=20/],
  ['an empty stop', { prompt: TEXT, stop: '' }, /stop: expected texts of 1 to 1000 characters, found ""/],
  [
    'too many stops',
    { prompt: TEXT, stop: Array(65).fill('a') },
    /stop: expected a text or a list of at most 64 texts/,
  ],
  [
    'more choices than there is memory for',
    { prompt: Array(3000).fill('a'), n: 2, max_tokens: 0 },
    /at most 4096 choices/,
  ],
  ['a bad token within', { prompt: [IDS, [464, -1]] }, /prompt\.1\.1: expected a token id below 50257, found -1/],
  ['a fraction', { prompt: [0.5] }, /prompt\.0: expected a token id below 50257, found 0\.5/],
  ['a text among tokens', { prompt: [464, 'a'] }, /prompt\.1: expected a token id below 50257, found "a"/],
  ['an empty list within', { prompt: [IDS, []] }, /prompt\.1: expected a text, .* found an empty list/],
  ['many tokens', { prompt: IDS, n: 128, max_tokens: 100 }, /at most 8192 tokens read and written in one request/],
  [
    'a long stop',
    { prompt: TEXT, stop: 'a'.repeat(1001) },
    /stop: expected texts of 1 to 1000 characters, found a text of 1001/,
  ],
  ['a bias of no token', { prompt: TEXT, logit_bias: { 50257: 1 } }, /logit_bias: expected token ids below 50257/],
  ['a bias too great', { prompt: TEXT, logit_bias: { 5: 101 } }, /logit_bias\.5: expected a number from -100 to 100/],
  ['a list of biases', { prompt: TEXT, logit_bias: [1] }, /logit_bias: expected an object/],
  [
    'many biases',
    { prompt: TEXT, logit_bias: Object.fromEntries(Array.from({ length: 301 }, (_, id) => [id, 1])) },
    /at most 300 tokens, found 301/,
  ],
  ['a penalty too great', { prompt: TEXT, presence_penalty: 3 }, /presence_penalty: .*<=2/],
  ['a suffix', { prompt: TEXT, suffix: 'end' }, /suffix: is not supported/],
  ['the best of many', { prompt: TEXT, n: 2, best_of: 3 }, /best_of: is not supported; leave it out or give 2/],
])('%s is refused as OpenAI does it', async (_, body, message) => {
  const response = await post(body);
  const { error } = (await response.json()) as Answer;
  expect(response.status).toBe(400);
  expect(error).toMatchObject({ type: 'invalid_request_error', message: expect.stringMatching(message) as string });
  expect(error).toHaveProperty('param');
});

test.each([
  [{ prompt: TEXT, temperature: 3 }, 'temperature', 'invalid_value'],
  [{ prompt: [[1], [50257]] }, 'prompt', 'invalid_value'],
  [{ prompt: TEXT, max_tokens: 125 }, 'prompt', 'context_length_exceeded'],
  [{ prompt: TEXT, model: 'gpt-9' }, 'model', 'model_not_found'],
])('an error names its field and its kind: %j', async (body, param, code) => {
  expect((await ask(body)).error).toMatchObject({ param, code });
});

test.each([
  ['v1/chat/completions', /base models, .* no chat template/],
  ['v1/embeddings', /there is no POST \/v1\/embeddings; GET \/openapi.json lists/],
])('%s, which is not there, is reported as JSON', async (path, message) => {
  const response = await fetch(server.url + path, { method: 'POST' });
  expect(response.status).toBe(404);
  expect(((await response.json()) as Answer).error.message).toMatch(message);
});

test('a port that is taken is one clear error', async () => {
  const port = Number(new URL(server.url).port);
  const again = listen(completionsApp(pool), { host: '127.0.0.1', port, isFixed: true });
  await expect(again).rejects.toThrow(/could not serve there .*--port/);
});
