/** Fields of a request that change what is written. */

import { expect, test } from 'vitest';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { serveTiny } from './served.ts';

const served = serveTiny();
const TEXT = 'The fox ran away from the dog';
const GREEDY = { prompt: TEXT, max_tokens: 8, temperature: 0 };

async function tokens(body: object): Promise<string[]> {
  const [choice] = (await served.ask({ logprobs: 0, return_tokens_as_token_ids: true, ...body })).choices;
  return choice?.logprobs?.tokens ?? [];
}

test('logit_bias forces and forbids tokens, also of a single one', async () => {
  const [likeliest] = await tokens({ ...GREEDY, max_tokens: 1 });
  expect(await tokens({ ...GREEDY, max_tokens: 1, logit_bias: { 464: 100 } })).toEqual(['token_id:464']);
  const forbidden = { [likeliest!.slice('token_id:'.length)]: -100 };
  expect(await tokens({ ...GREEDY, logit_bias: forbidden })).not.toContain(likeliest);
});

test('penalties keep a text from repeating itself', async () => {
  // biased, some tokens are likelier than all others; each costs its likelihood when it has been written
  const logit_bias = { 100: 30, 200: 29.5, 300: 29 };
  const free = await tokens({ ...GREEDY, max_tokens: 4, logit_bias });
  expect(free).toEqual(Array(4).fill('token_id:100'));
  const presence = await tokens({ ...GREEDY, max_tokens: 3, logit_bias, presence_penalty: 2 });
  expect(presence).toEqual(['token_id:100', 'token_id:200', 'token_id:300']);
  const frequency = await tokens({ ...GREEDY, max_tokens: 4, logit_bias, frequency_penalty: 2 });
  expect(new Set(frequency).size).toBeGreaterThan(1);
});

test('log-probabilities are of the model, whatever bends its choice', async () => {
  const plain = (await served.ask({ ...GREEDY, max_tokens: 1, logprobs: 2 })).choices[0];
  const bent = (await served.ask({ ...GREEDY, max_tokens: 1, logprobs: 2, logit_bias: { 464: 100 } })).choices[0];
  const [top] = plain!.logprobs!.top_logprobs;
  for (const [token, value] of Object.entries(top!))
    expect(bent?.logprobs?.top_logprobs[0]?.[token]).toBeCloseTo(value, 4);
  expect(bent?.logprobs?.token_logprobs[0]).toBeLessThan(plain!.logprobs!.token_logprobs[0]!);
});

test('min_p of 1 leaves the likeliest token alone', async () => {
  expect(await tokens({ ...GREEDY, temperature: 1, min_p: 1 })).toEqual(await tokens(GREEDY));
});

test('ignore_eos writes on after the token that ends a text', async () => {
  const body = { ...GREEDY, logit_bias: { 50256: 100 } };
  const [ended] = (await served.ask(body)).choices;
  expect(ended).toMatchObject({ text: '', finish_reason: 'stop' });
  const [ignored] = (await served.ask({ ...body, ignore_eos: true })).choices;
  expect(ignored).toMatchObject({ text: '<|endoftext|>'.repeat(8), finish_reason: 'length' });
});

test('values that change nothing are taken', async () => {
  const [plain] = (await served.ask({ ...GREEDY, n: 2 })).choices;
  const neutral = { suffix: '', best_of: 2, presence_penalty: 0, frequency_penalty: 0, logit_bias: {}, user: 'me' };
  const more = { min_p: 0, top_k: -1, ignore_eos: false, stream_options: null, model: 'untrained:tiny' };
  expect((await served.ask({ ...GREEDY, n: 2, ...neutral, ...more })).choices[0]).toEqual(plain);
});

test('tokenize and detokenize go there and back', async () => {
  const body = (await (await served.post('tokenize', { prompt: TEXT })).json()) as { tokens: number[] };
  expect(body).toEqual({ count: 7, max_model_len: 128, tokens: Array.from(encode(TEXT)) });
  const back = await (await served.post('detokenize', { tokens: body.tokens })).json();
  expect(back).toEqual({ prompt: TEXT });
  expect(await (await served.post('detokenize', { tokens: [] })).json()).toEqual({ prompt: '' });
  expect(await (await served.post('tokenize', { prompt: '<|endoftext|>a' })).json()).toMatchObject({
    tokens: [50256, 64],
  });
  expect(await (await served.post('tokenize', { prompt: '' })).json()).toMatchObject({ count: 0, tokens: [] });
});

test.each([
  ['tokenize', { prompt: 5 }, 400, /prompt/],
  ['tokenize', { prompt: 'a'.repeat(5000) }, 400, /allows a text prompt of 4096 bytes/],
  ['tokenize', { prompt: 'a', model: 'x' }, 404, /does not exist/],
  ['detokenize', { tokens: [50257] }, 400, /tokens\.0: expected a token id below 50257/],
  ['detokenize', { tokens: 'a' }, 400, /tokens: expected a list/],
])('%s refuses %j', async (path, body, status, message) => {
  const response = await served.post(path, body);
  expect(response.status).toBe(status);
  expect(await response.text()).toMatch(message);
});

test('/metrics counts requests and tokens', async () => {
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${served.url}metrics`)).text();
    const line = text.split('\n').find((found) => found.startsWith(`minillm:${name}`) && !found.startsWith('#'));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const names = ['prompt_tokens_total', 'generation_tokens_total', 'request_success_total{finished_reason="length"}'];
  const more = [
    'time_to_first_token_seconds_count',
    'inter_token_latency_seconds_count',
    'e2e_request_latency_seconds_count',
  ];
  const read = () => Promise.all([...names, ...more].map(metric));
  const before = await read();
  await served.ask({ prompt: TEXT, max_tokens: 5, n: 2, ignore_eos: true });
  const grown = (await read()).map((value, index) => value - before[index]!);
  expect(grown).toEqual([7, 10, 2, 1, 8, 1]);
  expect(await metric('num_requests_running')).toBe(0);
  expect(await metric('kv_cache_usage_perc')).toBe(0);
});
