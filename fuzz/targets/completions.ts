/** @file The completions API over a model that has not been trained. */

import { httpTarget } from '../http/http-target.ts';

const HEAD = 'Host: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

function post(body: Readonly<Record<string, unknown>>, path = '/v1/completions'): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\n${HEAD}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

function postChunked(...pieces: readonly string[]): string {
  const chunks = [...pieces, ''].map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('');
  return `POST /v1/completions HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
}

export const target = httpTarget({
  name: 'completions',
  prepare: async () => ['serve', '--checkpoint', 'untrained:tiny', '--port', '0', '--threads', '1'],
  requests: [
    post({ prompt: [7454, 2402, 257, 640], max_tokens: 4, temperature: 0, echo: true, logprobs: 2 }),
    post({
      prompt: 'Once upon a “time” 🙂',
      max_tokens: 3,
      temperature: 0.8,
      top_p: 0.9,
      top_k: 5,
      seed: 1,
      stop: ['\n', 'fox'],
    }),
    post({ model: 'untrained:tiny', prompt: ['a', 'b'], max_tokens: 2, n: 2, stream: true, echo: true }),
    post({ prompt: [[1, 2, 3], [50256]], max_tokens: 1, temperature: 0, logprobs: 20, echo: true, seed: 1234 }),
    postChunked('{"prompt": "Onc', 'e", "max_tokens": 1}'),
    post({
      ...{ prompt: 'a', max_tokens: 3, stream: true, logprobs: 2, stream_options: { include_usage: true } },
      ...{ logit_bias: { 50256: -100 }, presence_penalty: 1, min_p: 0.1, return_tokens_as_token_ids: true },
    }),
    post({ prompt: 'Once upon a “time” 🙂' }, '/tokenize'),
    post({ tokens: [7454, 2402, 50256] }, '/detokenize'),
    get('/health'),
    get('/metrics'),
    get('/openapi.json'),
    get('/app/models.json'),
    get('/v1/models'),
  ],
  constant: (body) => JSON.stringify((JSON.parse(body || '{}') as { choices?: unknown }).choices ?? body),
});
