/** @file From a request of the completions API to its choices: tokenizes prompts, generates texts, scores tokens. */

import { END_OF_TEXT, streamDecoder, VOCABULARY_SIZE } from '../../../data/tokenizer/tokenizer.ts';
import type { ScoringRequest } from '../../../eval/packing.ts';
import type { ContinuationScores } from '../../../eval/scorer.ts';
import { DEFAULT_STREAMS } from '../../../generate/programs.ts';
import { promptTokens } from '../../../generate/prompt-tokens.ts';
import { UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { CompletionBody } from './completions-schema.ts';
import { ClientGone } from './delivery.ts';
import { MAX_CHOICES, MAX_LOGPROBS, type ModelLimits } from './limits.ts';
import { RequestProblem, stoppingProblem } from './problem.ts';
import type { Prompt } from './request-lists.ts';
import { prepareStop, type Stop, StopText } from './stop-text.ts';

export interface Choice {
  readonly index: number;
  readonly prompt: readonly number[];
  /** The new tokens, with the one that ended the text. */
  readonly tokens: readonly number[];
  /** The new text, up to a stop. */
  readonly text: string;
  readonly finishReason: 'length' | 'stop';
  /** Of every token but the first of the prompt; undefined unless asked for. */
  readonly scores: ContinuationScores | undefined;
}

/** A token with its log-probability and those of the most likely ones. */
export interface ScoredToken {
  readonly token: number;
  readonly logprob: number;
  readonly topIds: Int32Array;
  readonly topLogprobs: Float32Array;
}

/**
 * A piece of the text of a choice, or its end. A piece may be empty: a part of a character, or what may be the beginning of a
 * stop, waits for the rest.
 */
export type ChoicePiece =
  | {
      readonly index: number;
      readonly text: string;
      /** Undefined where log-probabilities are not asked for, and for text that was held back until the end. */
      readonly token: ScoredToken | undefined;
      /** Where the token begins in the new text, in code points. */
      readonly offset: number;
    }
  | { readonly index: number; readonly finishReason: Choice['finishReason'] };

type Written = Pick<Choice, 'tokens' | 'text' | 'finishReason'>;
/** Resolves when the next piece may be sent. */
type Send = (piece: ChoicePiece) => Promise<void>;

/** Texts of one request that are generated together; the next one queues after those of other requests, so that none starves. */
const MAX_AT_ONCE = DEFAULT_STREAMS;

export const isScored = ({ logprobs }: CompletionBody): boolean => logprobs !== undefined && logprobs !== null;

/** Scoring a prompt also gives the most likely next token, without generation. */
const isNextScored = (body: CompletionBody): boolean =>
  isScored(body) && body.max_tokens === 1 && body.temperature === 0 && !hasOtherNext(body);

/** Whether something else than the most likely token may come next, or its piece is to be sent. */
const hasOtherNext = ({ stream, ignore_eos, logitBias }: CompletionBody): boolean =>
  stream || ignore_eos || logitBias.size > 0;

const tokensToWrite = (body: CompletionBody): number => (isNextScored(body) ? 0 : body.max_tokens);

/** The prompts of a request, and what it costs. */
export interface Work {
  /** One for each choice, as tokens. */
  readonly prompts: readonly (readonly number[])[];
  /** Read and written, over all choices. */
  readonly tokens: number;
  /** Of the prompts, each counted once. */
  readonly promptTokens: number;
}

/**
 * The work that a request asks for, known before any of it is done.
 * @throws UserError when a prompt and its new tokens do not fit the model, or all choices together exceed the limits
 */
export async function planWork(body: CompletionBody, limits: ModelLimits): Promise<Work> {
  const { prompts: given, n } = body;
  if (given.length * n > MAX_CHOICES)
    throw new UserError(
      `expected at most ${MAX_CHOICES} choices, found ${given.length} prompts with ${n} each; send fewer prompts at once`,
    );
  const newTokens = tokensToWrite(body);
  const prompts: (readonly number[])[] = [];
  let tokens = 0;
  let promptTokens = 0;
  for (const prompt of given) {
    const ids = await inTurn(() => promptIds(prompt, limits));
    checkLength(ids.length, newTokens, limits);
    tokens += n * (ids.length + newTokens);
    promptTokens += ids.length;
    if (tokens > limits.tokens)
      throw new UserError(
        `expected at most ${limits.tokens} tokens read and written in one request, found more: ${given.length} prompts with ${n} choices each of ${newTokens} new tokens; send fewer prompts at once, or ask for fewer choices or tokens`,
      );
    for (let choice = 0; choice < n; choice++) prompts.push(ids);
  }
  return { prompts, tokens, promptTokens };
}

/**
 * Completes a request. Requests may overlap: they take turns on the device.
 * @param prompts of `planWork`
 * @param send receives pieces of the texts as they are generated, without the prompts @param onToken is called for each token
 * @throws ClientGone when the signal is aborted before it is done; RequestProblem 503 when the backend is closed
 */
export async function complete(
  model: LanguageModel,
  body: CompletionBody,
  prompts: readonly (readonly number[])[],
  signal: AbortSignal,
  send: Send = async () => {},
  onToken: (index: number) => void = () => {},
): Promise<Choice[]> {
  const newTokens = tokensToWrite(body);
  const seed = body.seed ?? Math.floor(Math.random() * 2 ** 32);
  const stops = body.stops.map(prepareStop);
  const written: Written[] = [];
  const waiting = prompts.entries();
  const failures: unknown[] = [];
  const writeWaiting = async (): Promise<void> => {
    for (const [index, prompt] of waiting) {
      try {
        written[index] =
          newTokens === 0
            ? await writeNothing(index, send)
            : await write(model, body, { prompt, index, seed: seed + index, stops, signal, send, onToken });
      } catch (cause) {
        failures.push(cause);
      }
      if (failures.length > 0) return;
    }
  };
  // nothing still runs once this has ended
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, writeWaiting));
  if (failures.length > 0) throw failures[0];
  const choices = prompts.map((prompt, index) => ({ index, prompt, ...(written[index] ?? EMPTY), scores: undefined }));
  // the pieces of a stream had theirs
  if (!isScored(body) || body.stream) return choices;
  const scored = await score(model, choices, isNextScored(body), signal);
  return isNextScored(body) ? scored.map((choice) => withNext(choice, stops)) : scored;
}

const EMPTY: Written = { tokens: [], text: '', finishReason: 'length' };

async function writeNothing(index: number, send: Send): Promise<Written> {
  await send({ index, finishReason: EMPTY.finishReason });
  return EMPTY;
}

const TOO_LONG = { code: 'context_length_exceeded', param: 'prompt' };

/** Bytes of a text in UTF-8. */
const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** @throws UserError when a text is longer than a prompt may be */
export function promptIds(prompt: Prompt, { contextLength, textBytes }: ModelLimits): readonly number[] {
  if (typeof prompt !== 'string') return prompt;
  // tokenizing a text that cannot fit would only take time from other requests
  const bytes = utf8Length(prompt);
  if (bytes > textBytes)
    throw new RequestProblem(
      `this model's maximum context length is ${contextLength} tokens, which allows a text prompt of ${textBytes} bytes; the request has ${bytes}; shorten it`,
      TOO_LONG,
    );
  return Array.from(promptTokens(prompt));
}

function checkLength(prompt: number, newTokens: number, { contextLength }: ModelLimits): void {
  if (prompt + newTokens <= contextLength) return;
  const found =
    newTokens === 0
      ? `${prompt} in the prompt; shorten it`
      : `${prompt} in the prompt and ${newTokens} to complete; shorten one of them`;
  throw new RequestProblem(
    `this model's maximum context length is ${contextLength} tokens; the request has ${found}`,
    TOO_LONG,
  );
}

/** Why a model stops before it is done: nobody waits for it any more, or its backend has been closed. */
const interruption = (signal: AbortSignal): UserError => (signal.aborted ? new ClientGone() : stoppingProblem());

interface Writing {
  readonly prompt: readonly number[];
  readonly index: number;
  readonly seed: number;
  readonly stops: readonly Stop[];
  readonly signal: AbortSignal;
  readonly send: Send;
  readonly onToken: (index: number) => void;
}

async function write(model: LanguageModel, body: CompletionBody, writing: Writing): Promise<Written> {
  const { prompt, index, seed, signal, send, onToken } = writing;
  const stop = new StopText(writing.stops);
  const decoder = streamDecoder();
  const tokens: number[] = [];
  let text = '';
  let finishReason: Choice['finishReason'] = 'length';
  let decoded = 0;
  const add = async (piece: string, token?: ScoredToken, offset = decoded): Promise<void> => {
    if (piece === '' && !token) return;
    text += piece;
    await send({ index, text: piece, token, offset });
  };
  const request = {
    prompts: [prompt],
    tokens: body.max_tokens,
    temperature: body.temperature,
    topK: body.top_k,
    topP: body.top_p,
    minP: body.min_p,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    logitBias: body.logitBias,
    logprobs: body.stream ? (body.logprobs ?? 0) : 0,
    seed,
    ...(body.ignore_eos ? {} : { stopAt: END_OF_TEXT }),
    vocabularySize: VOCABULARY_SIZE,
    signal,
  };
  for await (const event of model.generator.generate(request)) {
    if ('token' in event) {
      tokens.push(event.token);
      onToken(index);
      const offset = decoded;
      const piece = decoder.push(event.token);
      decoded += Array.from(piece).length;
      await add(stop.push(piece), isScored(body) ? event : undefined, offset);
      if (stop.stopped) break;
    } else if (event.ended === 'interrupted') throw interruption(signal);
    else if (event.ended === 'stop') {
      tokens.push(END_OF_TEXT);
      finishReason = 'stop';
    }
  }
  if (!stop.stopped) await add(stop.push(decoder.end()) + stop.end());
  if (stop.stopped) finishReason = 'stop';
  await send({ index, finishReason });
  return { tokens, text, finishReason };
}

/**
 * The choices with the scores of all their tokens and, with `addNext`, of the token after them, which is not known yet.
 * @throws UserError when a score is not a number
 */
export async function score(
  model: LanguageModel,
  choices: readonly Choice[],
  addNext: boolean,
  signal: AbortSignal,
): Promise<Choice[]> {
  const scored: Choice[] = [];
  for await (const [scores] of model.scorer.score(scoringRequests(choices, addNext), signal)) {
    const choice = choices[scored.length];
    if (!choice || !scores) throw new TypeError('each choice has one continuation');
    if (![...scores.values, ...scores.topValues].every(Number.isFinite))
      throw new UserError('the model gives log-probabilities of NaN; its weights are damaged, or training diverged');
    scored.push({ ...choice, scores });
  }
  if (scored.length < choices.length) throw interruption(signal);
  return scored;
}

/** One at a time, as the scorer packs them. */
function* scoringRequests(choices: readonly Choice[], addNext: boolean): Generator<ScoringRequest> {
  for (const { prompt, tokens } of choices) {
    const [first = END_OF_TEXT, ...rest] = prompt;
    yield { context: [first], continuations: [[...rest, ...tokens, ...(addNext ? [-1] : [])]] };
  }
}

/** A choice completed by its next token: the most likely one in the last row of its scores. */
function withNext(choice: Choice, stops: readonly Stop[]): Choice {
  const { scores } = choice;
  if (!scores) throw new TypeError('only a scored choice has a next token');
  const last = scores.values.length - 1;
  const ids = scores.topIds.subarray(last * MAX_LOGPROBS);
  const place = Math.max(
    0,
    ids.findIndex((id) => id < VOCABULARY_SIZE),
  );
  const next = ids[place] ?? END_OF_TEXT;
  const values = scores.values.slice();
  values[last] = scores.topValues[last * MAX_LOGPROBS + place] ?? Number.NaN;
  const decoder = streamDecoder();
  const stop = new StopText(stops);
  const text = next === END_OF_TEXT ? '' : stop.push(decoder.push(next) + decoder.end()) + stop.end();
  const finishReason = next === END_OF_TEXT || stop.stopped ? 'stop' : 'length';
  return { ...choice, tokens: [next], text, finishReason, scores: { ...scores, values } };
}
