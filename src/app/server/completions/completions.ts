/**
 * @file OpenAI's completions API over one model: `POST /v1/completions`, `GET /v1/models`, `GET /health`. What clients of
 * that API expect, among them lm-evaluation-harness, works unchanged.
 */

import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import { decode } from '../../../data/tokenizer/tokenizer.ts';
import { messageOf, UserError } from '../../../support/errors.ts';
import { validate } from '../../../support/json.ts';
import { type ChoicePiece, choicePrompts, complete } from './completer.ts';
import { renderChoice, responseHead, usageOf } from './completion-response.ts';
import { type CompletionBody, completionSchema } from './completions-schema.ts';
import type { LanguageModel } from './language-model.ts';

/** A thousand prompts of a thousand token ids. */
const MOST_BODY_BYTES = 16e6;

/** Answers with a model; a connection that is cut, by the client or by the server's end, ends the work for it. */
export function completionsApp(model: LanguageModel): Hono {
  const app = new Hono();
  const created = Math.floor(Date.now() / 1000);
  const description = { id: model.name, object: 'model', created, owned_by: 'minillm' };
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/v1/models', (c) => c.json({ object: 'list', data: [description] }));
  const limit = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: (c) => problem(c, 413, `expected a body of at most ${MOST_BODY_BYTES} bytes; send fewer prompts at once`),
  });
  app.post('/v1/completions', limit, async (c) => {
    const body = await readBody(c);
    const { signal } = c.req.raw;
    const prompts = choicePrompts(model, body);
    if (body.stream) return streamCompletion(c, model, body, prompts, signal);
    const choices = await complete(model, body, prompts, signal);
    const rendered = choices.map((choice) => renderChoice(choice, body));
    return c.json({ ...responseHead(randomUUID(), model.name), choices: rendered, usage: usageOf(choices, body) });
  });
  app.notFound((c) => problem(c, 404, `there is no ${c.req.method} ${c.req.path}`));
  app.onError((error, c) => {
    if (error instanceof UserError) return problem(c, 400, error.message);
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    console.error(error);
    return problem(c, 500, messageOf(error));
  });
  return app;
}

async function readBody(c: Context): Promise<CompletionBody> {
  const value: unknown = await c.req.json().catch((cause: unknown) => {
    throw new UserError(`expected a JSON body (${messageOf(cause)})`);
  });
  const body = validate(completionSchema, value, 'request');
  if (body.stream && body.logprobs !== undefined && body.logprobs !== null)
    throw new UserError('request: logprobs are not supported with stream; leave one of them out');
  return body;
}

/** Pieces of text as they are written, each choice's prompt first where asked for. */
function streamCompletion(
  c: Context,
  model: LanguageModel,
  body: CompletionBody,
  prompts: readonly (readonly number[])[],
  signal: AbortSignal,
): Response {
  const head = responseHead(randomUUID(), model.name);
  return streamSSE(c, async (stream) => {
    const left = new AbortController();
    stream.onAbort(() => left.abort());
    let written = Promise.resolve();
    const send = (data: unknown): void => {
      written = written.then(() => stream.writeSSE({ data: typeof data === 'string' ? data : JSON.stringify(data) }));
    };
    const sendPiece = (piece: ChoicePiece): void => {
      const [text, reason] = 'text' in piece ? [piece.text, null] : ['', piece.finishReason];
      send({ ...head, choices: [{ index: piece.index, text, logprobs: null, finish_reason: reason }] });
    };
    try {
      if (body.echo) for (const [index, prompt] of prompts.entries()) sendPiece({ index, text: decode(prompt) });
      await complete(model, body, prompts, AbortSignal.any([signal, left.signal]), sendPiece);
      send('[DONE]');
    } catch (cause) {
      const isTheirs = cause instanceof UserError;
      if (!isTheirs) console.error(cause);
      send({ error: errorObject(isTheirs ? 400 : 500, messageOf(cause)) });
    }
    await written;
  });
}

function errorObject(status: number, message: string) {
  return { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null };
}

function problem(c: Context, status: 400 | 404 | 413 | 500 | HTTPException['status'], message: string): Response {
  return c.json({ error: errorObject(status, message) }, status);
}
