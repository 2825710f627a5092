/** @file Choices in the form of the completions API. */

import { decode, streamDecoder, VOCABULARY_SIZE } from '../../../data/tokenizer/tokenizer.ts';
import type { Choice } from './completer.ts';
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
export function responseHead(id: string, model: string) {
  return { id: `cmpl-${id}`, object: 'text_completion', created: Math.floor(Date.now() / 1000), model };
}

/** One choice, preceded by its prompt if the request asks for that. */
export function renderChoice(choice: Choice, { echo, logprobs }: CompletionBody) {
  const { index, prompt, text, finishReason, scores } = choice;
  return {
    index,
    text: echo ? decode(prompt) + text : text,
    logprobs: scores ? renderScores(choice, echo, logprobs ?? 0) : null,
    finish_reason: finishReason,
  };
}

function renderScores({ prompt, tokens, scores }: Choice, echo: boolean, topLogprobs: number): LogProbabilities {
  const ids = [...prompt, ...tokens];
  const text_offset = textOffsets(echo ? [prompt, tokens] : [tokens]);
  const rendered: LogProbabilities = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset };
  for (let i = echo ? 0 : prompt.length; i < ids.length; i++) {
    rendered.tokens.push(decode(ids.slice(i, i + 1)));
    rendered.token_logprobs.push(i === 0 ? null : (scores?.values[i - 1] ?? null));
    rendered.top_logprobs.push(i === 0 || !scores ? null : topLogprobsAt(scores, i - 1, topLogprobs));
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

/** By text; of two tokens with the same text (parts of characters), the more likely. A padded vocabulary has ids without text. */
function topLogprobsAt(scores: NonNullable<Choice['scores']>, token: number, count: number): Record<string, number> {
  const topLogprobs: Record<string, number> = {};
  for (let k = 0; k < count; k++) {
    const at = token * MAX_LOGPROBS + k;
    const id = scores.topIds[at] ?? 0;
    if (id >= VOCABULARY_SIZE) continue;
    const text = decode([id]);
    if (!Object.hasOwn(topLogprobs, text)) topLogprobs[text] = scores.topValues[at] ?? Number.NaN;
  }
  return topLogprobs;
}

/** Tokens read and written; a prompt counts once for all its choices. */
export function tokenUsage(choices: readonly Choice[], { n }: CompletionBody) {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const read = sum(choices.filter(({ index }) => index % n === 0).map(({ prompt }) => prompt.length));
  const written = sum(choices.map(({ tokens }) => tokens.length));
  return { prompt_tokens: read, completion_tokens: written, total_tokens: read + written };
}
