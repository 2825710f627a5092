import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type CompletionEvent,
  scoreText,
  streamCompletion,
} from '../../../../../src/app/web/playground/api/completions.ts';

const sampling = { max_tokens: 3, temperature: 1, top_k: 0, top_p: 1, seed: 1, n: 1 };
const answer = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();

beforeEach(() => {
  vi.stubGlobal('fetch', answer);
  vi.stubGlobal('sessionStorage', { getItem: () => 'secret' });
});
afterEach(() => vi.unstubAllGlobals());

const chunk = (text: string, ids: number[], offsets: number[], finish_reason: string | null = null): string => {
  const logprobs = {
    tokens: ids.map((id) => `token_id:${id}`),
    token_logprobs: ids.map(() => -1),
    top_logprobs: ids.map((id) => ({ 'token_id:9': -2, [`token_id:${id}`]: -1 })),
    text_offset: offsets,
  };
  return `data: ${JSON.stringify({ choices: [{ index: 0, text, logprobs, finish_reason }] })}\n\n`;
};

async function collect(): Promise<CompletionEvent[]> {
  const events: CompletionEvent[] = [];
  const request = { model: 'm', prompt: [1, 2], ...sampling };
  for await (const event of streamCompletion(request, 2, new AbortController().signal)) events.push(event);
  return events;
}

test('a stream becomes tokens with ids, texts and alternatives, likeliest first', async () => {
  answer.mockResolvedValueOnce(
    new Response(`${chunk('one', [5], [0])}${chunk(' 🦊!', [6, 7], [3, 5], 'stop')}data: [DONE]\n\n`),
  );
  const events = await collect();
  const tokens = events.flatMap((event) => ('token' in event ? [event.token] : []));
  expect(tokens.map(({ id, text }) => [id, text])).toEqual([
    [5, 'one'],
    [6, ' 🦊'],
    [7, '!'],
  ]);
  expect(tokens[0]?.top).toEqual([
    { id: 5, logprob: -1 },
    { id: 9, logprob: -2 },
  ]);
  expect(events.at(-1)).toEqual({ index: 0, finish: 'stop' });
  const [path, { headers, body }] = answer.mock.lastCall ?? ['', {}];
  expect(path).toBe('v1/completions');
  expect(headers).toMatchObject({ authorization: 'Bearer secret' });
  expect(JSON.parse(String(body))).toMatchObject({ prompt: [1, 2], stream: true, return_tokens_as_token_ids: true });
});

test('a token that is not among the likeliest is no alternative, though the API lists it', async () => {
  const logprobs = {
    tokens: ['token_id:1', 'token_id:2'],
    token_logprobs: [null, -9],
    top_logprobs: [null, { 'token_id:4': -0.5, 'token_id:2': -9 }],
    text_offset: [0, 1],
  };
  answer.mockResolvedValueOnce(
    Response.json({ choices: [{ index: 0, text: 'ab', logprobs, finish_reason: 'length' }] }),
  );
  expect((await scoreText('m', 'ab', 1))[1]?.top).toEqual([{ id: 4, logprob: -0.5 }]);
});

test('tokens that came before a stream is cut are given, then the connection counts as lost', async () => {
  answer.mockResolvedValueOnce(new Response(chunk('one', [5], [0])));
  await expect(collect()).rejects.toThrow('connection lost');
});

test('an error within a stream is thrown with its message', async () => {
  answer.mockResolvedValueOnce(new Response('data: {"error":{"message":"the device is gone"}}\n\n'));
  await expect(collect()).rejects.toThrow('the device is gone');
});

test('scores tell of each token of a text, also where two tokens make one character', async () => {
  const logprobs = {
    tokens: ['token_id:1', 'token_id:2', 'token_id:3'],
    token_logprobs: [null, -1, -2],
    top_logprobs: [null, { 'token_id:4': -0.5 }, { 'token_id:3': -2 }],
    text_offset: [0, 1, 1],
  };
  answer.mockResolvedValueOnce(
    Response.json({ choices: [{ index: 0, text: 'a🦊', logprobs, finish_reason: 'length' }] }),
  );
  expect(await scoreText('m', 'a🦊', 1)).toEqual([
    { id: 1, text: 'a', logprob: null, top: [] },
    { id: 2, text: '', logprob: -1, top: [{ id: 4, logprob: -0.5 }] },
    { id: 3, text: '🦊', logprob: -2, top: [{ id: 3, logprob: -2 }] },
  ]);
});
