/** Real answers are as the OpenAPI document says. */

import { expect, test } from 'vitest';
import { z } from 'zod';
import { completionBody } from '#minillm/app/server/completions/completions-schema.js';
import { openApiDocument } from '#minillm/app/server/openapi/document.js';
import { serveTiny } from '../completions/served.ts';

const served = serveTiny('untrained');
type Content = Record<string, { schema: object }>;
interface Operation {
  requestBody?: { content: Content };
  responses: Record<string, { content: Content }>;
}
// as a client has it: through JSON
const { paths } = JSON.parse(JSON.stringify(openApiDocument('1'))) as {
  paths: Record<string, Record<'get' | 'post', Operation>>;
};

function schemaOf(path: string, method: 'get' | 'post', status: number, type = 'application/json'): z.ZodType {
  const schema = paths[path]?.[method]?.responses[status]?.content[type]?.schema;
  if (!schema) throw new Error(`the document has no ${status} of ${method} ${path} in ${type}`);
  return z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
}

const PROMPT = 'Once upon a time';

test.each([
  { prompt: PROMPT, max_tokens: 2 },
  { prompt: [PROMPT, 'a'], max_tokens: 0, echo: true, logprobs: 2 },
  { prompt: PROMPT, max_tokens: 3, n: 2, logprobs: 0, seed: 1 },
])('an answer to %j', async (body) => {
  const answer = await served.ask(body);
  expect(schemaOf('/v1/completions', 'post', 200).parse(answer)).toEqual(answer);
});

test.each([
  { prompt: PROMPT, max_tokens: 2 },
  { prompt: PROMPT, max_tokens: 2, echo: true, logprobs: 2, stream_options: { include_usage: true } },
])('the chunks of %j', async (body) => {
  const schema = schemaOf('/v1/completions', 'post', 200, 'text/event-stream');
  for (const chunk of await served.stream(body)) expect(schema.parse(chunk)).toEqual(chunk);
});

test.each([
  ['/v1/models', 'v1/models'],
  ['/v1/models/{id}', 'v1/models/untrained'],
  ['/health', 'health'],
])('the answer of %s', async (path, url) => {
  const answer: unknown = await (await fetch(served.url + url)).json();
  expect(schemaOf(path, 'get', 200).parse(answer)).toEqual(answer);
});

test.each([
  ['/tokenize', { prompt: PROMPT }],
  ['/detokenize', { tokens: [464] }],
])('the answer of %s', async (path, body) => {
  const answer: unknown = await (await served.post(path.slice(1), body)).json();
  expect(schemaOf(path, 'post', 200).parse(answer)).toEqual(answer);
});

test.each([
  [400, { prompt: 5 }],
  [404, { prompt: PROMPT, model: 'x' }],
])('an error %i', async (status, body) => {
  const response = await served.post('v1/completions', body);
  const answer: unknown = await response.json();
  expect(response.status).toBe(status);
  expect(schemaOf('/v1/completions', 'post', status).parse(answer)).toEqual(answer);
});

test('another answer would be found out', () => {
  const schema = schemaOf('/tokenize', 'post', 200);
  expect(schema.safeParse({ count: 1, max_model_len: 1, tokens: ['a'] }).success).toBe(false);
  expect(schema.safeParse({ count: 1, tokens: [1] }).success).toBe(false);
});

test.each([
  [{ prompt: PROMPT }, true],
  [{ prompt: [[1, 2], [3]], stop: ['a'], logit_bias: { 5: -100 }, suffix: null, temperature: null }, true],
  [{ prompt: [1, 'a'] }, false],
  [{ prompt: PROMPT, logprobs: 20 }, true],
  [{ prompt: PROMPT, logprobs: 21 }, false],
  [{ prompt: PROMPT, temperature: 3 }, false],
  [{ prompt: PROMPT, stop: '' }, false],
  [{ prompt: PROMPT, logit_bias: { a: 1 } }, false],
  [{ prompt: PROMPT, suffix: 'x' }, false],
])('the document and the server agree on the request %j', (body, isRight) => {
  const schema = paths['/v1/completions']?.post.requestBody?.content['application/json']?.schema;
  const documented = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
  expect(documented.safeParse(body).success).toBe(isRight);
  if (isRight) expect(() => completionBody(body)).not.toThrow();
  else expect(() => completionBody(body)).toThrow(/^request: /);
});
