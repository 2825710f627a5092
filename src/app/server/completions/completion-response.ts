/** @file Choices in the form of the completions API. */

import { decode, streamDecoder, VOCABULARY_SIZE } from '../../../data/tokenizer/tokenizer.ts';
import { hexadecimal } from '../../../support/hex.ts';
import type { Choice, ChoicePiece } from './completer.ts';
import type { CompletionBody } from './completions-schema.ts';
import { MAX_LOGPROBS } from './limits.ts';

/** One value per token, in order; null for the first token of a prompt, which nothing predicts. */
interface LogProbabilities {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Record<string, number> | null)[];
  /** Where the text of each token begins in the text of the choice, in Unicode code points, as Python counts. */
  readonly text_offset: number[];
}

export type ResponseHead = ReturnType<typeof responseHead>;

/** The fields that all parts of a response have in common. */
export function responseHead(model: string) {
  // pages without HTTPS have no `randomUUID`
  const id = hexadecimal(globalThis.crypto.getRandomValues(new Uint8Array(16)));
  return { id: `cmpl-${id}`, object: 'text_completion', created: Math.floor(Date.now() / 1000), model };
}

/** One choice, preceded by its prompt if the request asks for that. */
export function renderChoice(choice: Choice, body: CompletionBody) {
  const { index, prompt, text, finishReason, scores } = choice;
  return {
    index,
    text: body.echo ? decode(prompt) + text : text,
    logprobs: scores ? renderScores(choice, body) : null,
    finish_reason: finishReason,
  };
}

/**
 * A piece of a choice.
 * @param promptLength code points of the prompt, if the stream began with it
 */
export function renderPiece(piece: ChoicePiece, body: CompletionBody, promptLength: number) {
  const { index } = piece;
  if ('finishReason' in piece) return { index, text: '', logprobs: null, finish_reason: piece.finishReason };
  const { text, token: scored, offset } = piece;
  if (!scored) return { index, text, logprobs: null, finish_reason: null };
  const { token, logprob, topIds, topLogprobs } = scored;
  const logprobs: LogProbabilities = {
    tokens: [tokenName(token, body)],
    token_logprobs: [logprob],
    top_logprobs: [namedLogprobs(topIds, topLogprobs, { token, logprob }, body)],
    text_offset: [promptLength + offset],
  };
  return { index, text, logprobs, finish_reason: null };
}

function renderScores({ prompt, tokens, scores }: Choice, body: CompletionBody): LogProbabilities {
  const { echo, logprobs } = body;
  const count = logprobs ?? 0;
  const ids = [...prompt, ...tokens];
  const text_offset = textOffsets(echo ? [prompt, tokens] : [tokens]);
  const rendered: LogProbabilities = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset };
  for (let i = echo ? 0 : prompt.length; i < ids.length; i++) {
    const token = ids[i] ?? 0;
    rendered.tokens.push(tokenName(token, body));
    const logprob = scores?.values[i - 1];
    rendered.token_logprobs.push(logprob ?? null);
    const start = (i - 1) * MAX_LOGPROBS;
    rendered.top_logprobs.push(
      scores && logprob !== undefined
        ? namedLogprobs(
            scores.topIds.subarray(start, start + count),
            scores.topValues.subarray(start, start + count),
            { token, logprob },
            body,
          )
        : null,
    );
  }
  return rendered;
}

/** Where each token begins in the concatenation of texts that are decoded separately. */
function textOffsets(texts: readonly (readonly number[])[]): number[] {
  const offsets: number[] = [];
  let offset = 0;
  for (const tokens of texts) {
    const decoder = streamDecoder();
    for (const token of tokens) {
      // a token that continues a character begins where the character does
      offsets.push(offset);
      offset += Array.from(decoder.push(token)).length;
    }
    offset += Array.from(decoder.end()).length;
  }
  return offsets;
}

/** The text of a token or, for programs that go on from it, its id: parts of characters have no text of their own. */
function tokenName(token: number, { return_tokens_as_token_ids }: CompletionBody): string {
  return return_tokens_as_token_ids ? `token_id:${token}` : decode([token]);
}

/**
 * The most likely tokens and the one that was taken, by name; of two tokens with the same text, the more likely. A padded
 * vocabulary has ids without text.
 */
function namedLogprobs(
  ids: Int32Array,
  values: Float32Array,
  taken: { readonly token: number; readonly logprob: number },
  body: CompletionBody,
): Record<string, number> {
  const named = new Map<string, number>();
  ids.forEach((id, place) => {
    const name = id < VOCABULARY_SIZE ? tokenName(id, body) : undefined;
    if (name !== undefined && !named.has(name)) named.set(name, values[place] ?? Number.NaN);
  });
  const name = tokenName(taken.token, body);
  if (!named.has(name)) named.set(name, taken.logprob);
  return Object.fromEntries(named);
}

/** Tokens read and written; a prompt counts once for all its choices. */
export function tokenUsage(choices: readonly Choice[], { n }: CompletionBody) {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const read = sum(choices.filter(({ index }) => index % n === 0).map(({ prompt }) => prompt.length));
  const written = sum(choices.map(({ tokens }) => tokens.length));
  return { prompt_tokens: read, completion_tokens: written, total_tokens: read + written };
}
