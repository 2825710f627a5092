/** @file From a request of the completions API to its choices: prompts as tokens, texts written, tokens scored. */

import { END_OF_TEXT, streamDecoder, VOCABULARY_SIZE } from '../../../data/tokenizer/tokenizer.ts';
import type { ScoringRequest } from '../../../eval/packing.ts';
import type { ContinuationScores } from '../../../eval/scorer.ts';
import { DEFAULT_STREAMS } from '../../../generate/programs.ts';
import { promptTokens } from '../../../generate/text-model.ts';
import { UserError } from '../../../support/errors.ts';
import { inTurn } from '../../../support/event-loop.ts';
import type { CompletionBody } from './completions-schema.ts';
import { ClientGone } from './delivery.ts';
import type { LanguageModel } from './language-model.ts';
import { MAX_CHOICES, MAX_LOGPROBS, type ModelLimits } from './limits.ts';
import type { Prompt } from './request-lists.ts';
import { prepareStop, type Stop, StopText } from './stop-text.ts';

export interface Choice {
  readonly index: number;
  readonly prompt: readonly number[];
  /** What was written, with the token that ended it. */
  readonly tokens: readonly number[];
  /** What was written, up to a stop. */
  readonly text: string;
  readonly finishReason: 'length' | 'stop';
  /** Of every token but the first of the prompt; undefined when nobody asked. */
  readonly scores: ContinuationScores | undefined;
}

/** A piece of the text of a choice, or its end. */
export type ChoicePiece =
  | { readonly index: number; readonly text: string }
  | { readonly index: number; readonly finishReason: Choice['finishReason'] };

type Written = Pick<Choice, 'tokens' | 'text' | 'finishReason'>;
/** Resolves when more may be written. */
type Send = (piece: ChoicePiece) => Promise<void>;

/** Texts of one request that are written together; the next waits behind those of other requests, so that none starves. */
const MAX_AT_ONCE = DEFAULT_STREAMS;

const isScored = ({ logprobs }: CompletionBody): boolean => logprobs !== undefined && logprobs !== null;

/** Scoring a prompt also tells what comes next. */
const isNextScored = (body: CompletionBody): boolean =>
  isScored(body) && body.max_tokens === 1 && body.temperature === 0;

const tokensToWrite = (body: CompletionBody): number => (isNextScored(body) ? 0 : body.max_tokens);

/** The choices that a request asks for, and what they cost. */
export interface Work {
  /** Of each choice, as tokens. */
  readonly prompts: readonly (readonly number[])[];
  /** Read and written, of all choices. */
  readonly tokens: number;
}

/**
 * What is to be done for a request, found out before any of it is.
 * @throws UserError when a prompt and its tokens do not fit the model, or all of them are more than the limits allow
 */
export async function workOf(body: CompletionBody, limits: ModelLimits): Promise<Work> {
  const { prompts: given, n } = body;
  if (given.length * n > MAX_CHOICES)
    throw new UserError(
      `expected at most ${MAX_CHOICES} choices, found ${given.length} prompts with ${n} each; send fewer prompts at once`,
    );
  const newTokens = tokensToWrite(body);
  const prompts: (readonly number[])[] = [];
  let tokens = 0;
  for (const prompt of given) {
    const ids = await inTurn(() => idsOf(prompt, limits));
    checkLength(ids.length, newTokens, limits);
    tokens += n * (ids.length + newTokens);
    if (tokens > limits.tokens)
      throw new UserError(
        `expected at most ${limits.tokens} tokens read and written in one request, found more in ${given.length} prompts with ${n} choices each of ${newTokens} new tokens; send fewer prompts at once, or ask for fewer choices or tokens`,
      );
    for (let choice = 0; choice < n; choice++) prompts.push(ids);
  }
  return { prompts, tokens };
}

/**
 * Completes a request. Requests may overlap: their runs take turns on the device.
 * @param prompts of `workOf`
 * @param send is given pieces of the texts as they are written, without the prompts
 * @throws ClientGone when the signal is aborted, or the backend closed, before all is done
 */
export async function complete(
  model: LanguageModel,
  body: CompletionBody,
  prompts: readonly (readonly number[])[],
  signal: AbortSignal,
  send: Send = async () => {},
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
            ? await nothing(index, send)
            : await write(model, body, { prompt, index, seed: seed + index, stops, signal, send });
      } catch (cause) {
        failures.push(cause);
      }
      if (failures.length > 0) return;
    }
  };
  // nothing goes on once this has ended
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, writeWaiting));
  if (failures.length > 0) throw failures[0];
  const choices = prompts.map((prompt, index) => ({ index, prompt, ...(written[index] ?? EMPTY), scores: undefined }));
  if (!isScored(body)) return choices;
  const scored = await score(model, choices, isNextScored(body), signal);
  return isNextScored(body) ? scored.map((choice) => withNext(choice, stops)) : scored;
}

const EMPTY: Written = { tokens: [], text: '', finishReason: 'length' };

async function nothing(index: number, send: Send): Promise<Written> {
  await send({ index, finishReason: EMPTY.finishReason });
  return EMPTY;
}

function idsOf(prompt: Prompt, { contextLength, textBytes }: ModelLimits): readonly number[] {
  if (typeof prompt !== 'string') return prompt;
  // a text that cannot fit is not worth the time that its tokens take from other requests
  const bytes = Buffer.byteLength(prompt);
  if (bytes > textBytes)
    throw new UserError(
      `this model's maximum context length is ${contextLength} tokens, for which a text prompt may have ${textBytes} bytes; the request has ${bytes}; shorten it`,
    );
  return Array.from(promptTokens(prompt));
}

function checkLength(prompt: number, newTokens: number, { contextLength }: ModelLimits): void {
  if (prompt + newTokens <= contextLength) return;
  throw new UserError(
    `this model's maximum context length is ${contextLength} tokens; the request has ${prompt} in the prompt and ${newTokens} to complete; shorten one of them`,
  );
}

interface Writing {
  readonly prompt: readonly number[];
  readonly index: number;
  readonly seed: number;
  readonly stops: readonly Stop[];
  readonly signal: AbortSignal;
  readonly send: Send;
}

async function write(model: LanguageModel, body: CompletionBody, writing: Writing): Promise<Written> {
  const { prompt, index, seed, signal, send } = writing;
  const stop = new StopText(writing.stops);
  const decoder = streamDecoder();
  const tokens: number[] = [];
  let text = '';
  let finishReason: Choice['finishReason'] = 'length';
  const add = async (piece: string): Promise<void> => {
    if (piece === '') return;
    text += piece;
    await send({ index, text: piece });
  };
  const request = {
    ...{ prompts: [prompt], tokens: body.max_tokens, seed, signal },
    ...{ temperature: body.temperature, topK: body.top_k, topP: body.top_p },
    ...{ stopAt: END_OF_TEXT, vocabularySize: VOCABULARY_SIZE },
  };
  for await (const event of model.generator.generate(request)) {
    if ('token' in event) {
      tokens.push(event.token);
      await add(stop.push(decoder.push(event.token)));
      if (stop.stopped) break;
    } else if (event.ended === 'interrupted') throw new ClientGone();
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
 * The choices with the scores of all their tokens, and where asked of a token behind them that is not known yet.
 * @throws UserError when a score is no number
 */
async function score(
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
  if (scored.length < choices.length) throw new ClientGone();
  return scored;
}

/** One by one, as they are packed. */
function* scoringRequests(choices: readonly Choice[], addNext: boolean): Generator<ScoringRequest> {
  for (const { prompt, tokens } of choices) {
    const [first = END_OF_TEXT, ...rest] = prompt;
    yield { context: [first], continuations: [[...rest, ...tokens, ...(addNext ? [-1] : [])]] };
  }
}

/** A choice whose scores have a last row for the token behind its prompt, with the likeliest in its place. */
function withNext(choice: Choice, stops: readonly Stop[]): Choice {
  const { scores } = choice;
  if (!scores) throw new TypeError('only a scored choice tells what is next');
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
