/** @file Sends the answer to a request that was accepted: all choices at once, or pieces of them as they are generated. */

import type { ServerResponse } from 'node:http';
import { decode } from '../../../data/tokenizer/tokenizer.ts';
import { inTurn } from '../../../support/event-loop.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { type ChoicePiece, complete, type Work } from './completer.ts';
import { type ResponseHead, renderChoice, tokenUsage } from './completion-response.ts';
import type { CompletionBody } from './completions-schema.ts';
import { ClientGone, Delivery } from './delivery.ts';
import { asProblem, errorObject, isDefect } from './problem.ts';

export interface AcceptedRequest {
  readonly model: LanguageModel;
  readonly head: ResponseHead;
  readonly body: CompletionBody;
  readonly work: Work;
  readonly signal: AbortSignal;
}

/** Sends the whole answer once it is known, choice by choice. */
export async function sendChoices(
  { model, head, body, work, signal }: AcceptedRequest,
  outgoing: ServerResponse,
): Promise<void> {
  const choices = await complete(model, body, work.prompts, signal);
  const start = JSON.stringify({ ...head, usage: tokenUsage(choices, body) });
  const delivery = new Delivery(outgoing, 'application/json');
  let before = `${start.slice(0, -1)},"choices":[`;
  for (const choice of choices) {
    await delivery.write(before + (await inTurn(() => JSON.stringify(renderChoice(choice, body)))));
    before = ',';
  }
  await delivery.write(']}');
  await delivery.end();
}

/** Sends pieces of text as they are generated, each choice's prompt first if the request asks for that. */
export async function streamPieces(
  { model, head, body, work, signal }: AcceptedRequest,
  outgoing: ServerResponse,
  log: (defect: unknown) => void,
): Promise<void> {
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
    const choices = await complete(model, body, work.prompts, signal, sendPiece);
    if (body.stream_options?.include_usage)
      await send(JSON.stringify({ ...head, choices: [], usage: tokenUsage(choices, body) }));
    await send('[DONE]');
  } catch (cause) {
    if (cause instanceof ClientGone) throw cause;
    if (isDefect(cause)) log(cause);
    await send(JSON.stringify({ error: errorObject(asProblem(cause)) }));
  }
  await delivery.end();
}
