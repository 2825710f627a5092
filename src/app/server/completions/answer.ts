/** @file Sends the answer to a request that was accepted: all choices at once, or pieces of them as they are generated. */

import { decode } from '../../../data/tokenizer/tokenizer.ts';
import { inTurn } from '../../../support/event-loop.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { type Choice, type ChoicePiece, complete, isScored, score, type Work } from './completer.ts';
import { type ResponseHead, renderChoice, renderPiece, tokenUsage } from './completion-response.ts';
import type { CompletionBody } from './completions-schema.ts';
import { ClientGone, type Delivery } from './delivery.ts';
import { errorObject, type RequestProblem } from './problem.ts';

export interface AcceptedRequest {
  readonly model: LanguageModel;
  readonly head: ResponseHead;
  readonly body: CompletionBody;
  readonly work: Work;
  readonly signal: AbortSignal;
  /** Is called for each token of a choice that is generated. */
  readonly onToken: (index: number) => void;
}

/**
 * Sends the whole answer once it is known, choice by choice; returns what was sent.
 * @param begin the answer
 */
export async function sendChoices(
  { model, head, body, work, signal, onToken }: AcceptedRequest,
  begin: () => Delivery,
): Promise<readonly Choice[]> {
  const choices = await complete(model, body, work.prompts, signal, undefined, onToken);
  const start = JSON.stringify({ ...head, usage: tokenUsage(choices, body) });
  const delivery = begin();
  let before = `${start.slice(0, -1)},"choices":[`;
  for (const choice of choices) {
    await delivery.write(before + (await inTurn(() => JSON.stringify(renderChoice(choice, body)))));
    before = ',';
  }
  await delivery.write(']}');
  await delivery.end();
  return choices;
}

/**
 * Sends pieces of text as they are generated, each choice's prompt first if the request asks for that; returns what was sent,
 * or undefined when it failed, of which the client was told.
 */
export async function streamPieces(
  { model, head, body, work, signal, onToken }: AcceptedRequest,
  delivery: Delivery,
  explain: (cause: unknown) => RequestProblem,
): Promise<readonly Choice[] | undefined> {
  const send = (data: object): Promise<void> => delivery.write(`data: ${JSON.stringify({ ...head, ...data })}\n\n`);
  const { prompts } = work;
  const promptLengths = body.echo ? prompts.map((prompt) => Array.from(decode(prompt)).length) : [];
  const sendPiece = (piece: ChoicePiece): Promise<void> =>
    send({ choices: [renderPiece(piece, body, promptLengths[piece.index] ?? 0)] });
  try {
    if (body.echo)
      for (const prompt of await echoedPrompts(model, body, prompts, signal))
        await send({ choices: [{ ...renderChoice(prompt, body), finish_reason: null }] });
    const choices = await complete(model, body, prompts, signal, sendPiece, onToken);
    if (body.stream_options?.include_usage) await send({ choices: [], usage: tokenUsage(choices, body) });
    await delivery.write('data: [DONE]\n\n');
    await delivery.end();
    return choices;
  } catch (cause) {
    if (cause instanceof ClientGone) throw cause;
    await delivery.write(`data: ${JSON.stringify({ error: errorObject(explain(cause)) })}\n\n`);
    await delivery.end();
    return undefined;
  }
}

/** The prompts as choices without new text, scored if the request asks for that. */
async function echoedPrompts(
  model: LanguageModel,
  body: CompletionBody,
  prompts: Work['prompts'],
  signal: AbortSignal,
): Promise<readonly Choice[]> {
  const choices = prompts.map((prompt, index) => ({
    ...{ index, prompt, tokens: [], text: '', scores: undefined },
    finishReason: 'length' as const,
  }));
  return isScored(body) ? score(model, choices, false, signal) : choices;
}
