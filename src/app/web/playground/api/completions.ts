/** @file Completions of the server's API: texts as they are generated, and the scores of given texts. */

import { pieces, serverEvents } from '../../shared/sse.ts';
import type { Token } from '../tokens/token.ts';
import { ApiProblem, cutStream } from './problem.ts';
import { post } from './request.ts';

const PATH = 'v1/completions';

/** A text, or the ids of its tokens. */
export type Prompt = string | readonly number[];

/** Fields of a request as the API names them. */
export interface Sampling {
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_k: number;
  readonly top_p: number;
  readonly seed: number;
  readonly n: number;
}

export type CompletionEvent =
  | { readonly index: number; readonly token: Token }
  | { readonly index: number; readonly finish: string };

interface Logprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly (number | null)[];
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
  readonly text_offset: readonly number[];
}

interface Choice {
  readonly index: number;
  readonly text: string;
  readonly logprobs: Logprobs | null;
  readonly finish_reason: string | null;
}

interface Answer {
  readonly choices: readonly Choice[];
  readonly error?: { readonly message: string; readonly code?: unknown };
}

/** Both models get texts as ids: what a model wrote can be gone on from exactly. */
const AS_IDS = { return_tokens_as_token_ids: true };

/**
 * The tokens of `n` texts as they are generated.
 * @throws ApiProblem, also when the stream ends early; whatever the signal was aborted with
 */
export async function* streamCompletion(
  request: { readonly model: string; readonly prompt: Prompt } & Sampling,
  logprobs: number,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const response = await post(PATH, { ...request, logprobs, stream: true, ...AS_IDS }, signal);
  if (!response.body) throw cutStream();
  const received: number[] = [];
  for await (const { data } of serverEvents(pieces(response.body))) {
    if (data === '[DONE]') return;
    const { choices, error } = JSON.parse(data) as Answer;
    if (error) throw new ApiProblem(error.message, 500);
    for (const { index, text, logprobs: scores, finish_reason } of choices) {
      const before = received[index] ?? 0;
      received[index] = before + Array.from(text).length;
      if (scores) for (const token of readTokens(text, scores, logprobs, before)) yield { index, token };
      if (finish_reason !== null) yield { index, finish: finish_reason };
    }
  }
  throw cutStream();
}

/** What a model thinks of each token of a text. @throws ApiProblem */
export async function scoreText(
  model: string,
  prompt: Prompt,
  logprobs: number,
  signal?: AbortSignal,
): Promise<readonly Token[]> {
  const request = { model, prompt, echo: true, max_tokens: 0, logprobs, ...AS_IDS };
  const { choices } = (await (await post(PATH, request, signal)).json()) as Answer;
  const [choice] = choices;
  if (!choice?.logprobs) throw new ApiProblem('the server scored nothing; does it offer log-probabilities?', 500);
  return readTokens(choice.text, choice.logprobs, logprobs, 0);
}

/**
 * @param likeliest that were asked for; the API adds the written token where it is not among them
 * @param before code points of the choice's text that came in earlier pieces
 */
function readTokens(text: string, scores: Logprobs, likeliest: number, before: number): Token[] {
  const characters = Array.from(text);
  const { tokens, token_logprobs, top_logprobs, text_offset } = scores;
  return tokens.map((name, place) => {
    const start = place === 0 ? 0 : (text_offset[place] ?? 0) - before;
    const end = place + 1 === tokens.length ? characters.length : (text_offset[place + 1] ?? 0) - before;
    const top = Object.entries(top_logprobs[place] ?? {}).map(([key, logprob]) => ({ id: tokenId(key), logprob }));
    return {
      id: tokenId(name),
      text: characters.slice(start, end).join(''),
      logprob: token_logprobs[place] ?? null,
      top: top.sort((a, b) => b.logprob - a.logprob).slice(0, likeliest),
    };
  });
}

const TOKEN_ID = /^token_id:(\d+)$/;

function tokenId(name: string): number {
  const id = TOKEN_ID.exec(name)?.[1];
  if (id === undefined) throw new ApiProblem(`expected a token as token_id:N, found ${JSON.stringify(name)}`, 500);
  return Number(id);
}
