/**
 * @file OpenAI's completions API over one model: `POST /v1/completions`, `GET /v1/models`, `GET /health`. Clients of that
 * API, among them lm-evaluation-harness, work unchanged. A request is read, checked and held against the limits (limits.ts)
 * before any work is done for it, and answered as fast as its client takes the answer.
 */

import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { decode } from '../../../data/tokenizer/tokenizer.ts';
import { messageOf, UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import { type ChoicePiece, complete, planWork, type Work } from './completer.ts';
import { renderChoice, responseHead, tokenUsage } from './completion-response.ts';
import { type CompletionBody, completionBody } from './completions-schema.ts';
import { ClientGone, Delivery } from './delivery.ts';
import type { LanguageModel } from './language-model.ts';
import { MAX_LOGGED_DEFECTS, modelLimits, RETRY_AFTER_SECONDS } from './limits.ts';
import { Load } from './load.ts';
import { ownClientsOnly } from './own-clients.ts';
import { readBody } from './read-body.ts';

/** A request that was accepted. */
interface AcceptedRequest {
  readonly body: CompletionBody;
  readonly work: Work;
  readonly signal: AbortSignal;
}

/** Answers requests with a model; when a connection is cut, by the client or because the server ends, its work ends too. */
export function completionsApp(model: LanguageModel): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const created = Math.floor(Date.now() / 1000);
  const description = { id: model.name, object: 'model', created, owned_by: 'minillm' };
  const limits = modelLimits(model.config.contextLength);
  const load = new Load(limits);
  const log = defectLog();
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/v1/models', (c) => c.json({ object: 'list', data: [description] }));
  app.post('/v1/completions', ownClientsOnly, async (c) => {
    const share = load.enter();
    try {
      const value = await readBody(c.env.incoming, limits, (bytes) => share.take('bodyBytes', bytes));
      const body = completionBody(value);
      const work = await planWork(body, limits);
      share.take('tokens', work.tokens);
      share.giveBack('bodyBytes');
      const request = { body, work, signal: c.req.raw.signal };
      if (body.stream) await streamPieces(model, request, c.env.outgoing, log);
      else await sendChoices(model, request, c.env.outgoing);
      return RESPONSE_ALREADY_SENT;
    } finally {
      share.leave();
    }
  });
  app.notFound((c) =>
    problem(
      c,
      404,
      `expected POST /v1/completions, GET /v1/models or GET /health, found ${c.req.method} ${c.req.path}`,
    ),
  );
  app.onError((error, c) => {
    // nobody is left to read an answer
    if (error instanceof ClientGone) return RESPONSE_ALREADY_SENT;
    if (error instanceof UserError) return problem(c, 400, error.message);
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    log(error);
    return problem(c, 500, messageOf(error));
  });
  return app;
}

/** Sends the whole answer once it is known, choice by choice. */
async function sendChoices(
  model: LanguageModel,
  { body, work, signal }: AcceptedRequest,
  outgoing: HttpBindings['outgoing'],
): Promise<void> {
  const choices = await complete(model, body, work.prompts, signal);
  const head = JSON.stringify({ ...responseHead(randomUUID(), model.name), usage: tokenUsage(choices, body) });
  const delivery = new Delivery(outgoing, 'application/json');
  let before = `${head.slice(0, -1)},"choices":[`;
  for (const choice of choices) {
    await delivery.write(before + (await inTurn(() => JSON.stringify(renderChoice(choice, body)))));
    before = ',';
  }
  await delivery.write(']}');
  await delivery.end();
}

/** Sends pieces of text as they are generated, each choice's prompt first if the request asks for that. */
async function streamPieces(
  model: LanguageModel,
  { body, work, signal }: AcceptedRequest,
  outgoing: HttpBindings['outgoing'],
  log: (defect: unknown) => void,
): Promise<void> {
  const head = responseHead(randomUUID(), model.name);
  const delivery = new Delivery(outgoing, 'text/event-stream');
  const send = (data: string): Promise<void> => delivery.write(`data: ${data}\n\n`);
  const sendPiece = (piece: ChoicePiece): Promise<void> => {
    const [text, reason] = 'text' in piece ? [piece.text, null] : ['', piece.finishReason];
    const choice = { index: piece.index, text, logprobs: null, finish_reason: reason };
    return send(JSON.stringify({ ...head, choices: [choice] }));
  };
  try {
    if (body.echo)
      for (const [index, prompt] of work.prompts.entries()) await sendPiece({ index, text: decode(prompt) });
    await complete(model, body, work.prompts, signal, sendPiece);
    await send('[DONE]');
  } catch (cause) {
    if (cause instanceof ClientGone) throw cause;
    const isTheirs = cause instanceof UserError;
    if (!isTheirs) log(cause);
    await send(JSON.stringify({ error: errorObject(isTheirs ? 400 : 500, messageOf(cause)) }));
  }
  await delivery.end();
}

/** A log of defects, bounded so that requests cannot fill a disk with it. */
function defectLog(): (defect: unknown) => void {
  let logged = 0;
  return (defect) => {
    if (logged++ < MAX_LOGGED_DEFECTS) console.error(defect);
  };
}

function errorObject(status: number, message: string) {
  return { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null };
}

function problem(c: Context, status: 400 | 404 | 500 | HTTPException['status'], message: string): Response {
  if (status === 503) c.header('retry-after', String(RETRY_AFTER_SECONDS));
  return c.json({ error: errorObject(status, message) }, status);
}
