/** @file From a request of the completions API to its choices: prompts as tokens, texts written, tokens scored. */

import { END_OF_TEXT, encode, streamDecoder, VOCABULARY_SIZE } from '../../../data/tokenizer/tokenizer.ts';
import type { ContinuationScores } from '../../../eval/scorer.ts';
import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import { DEFAULT_STREAMS } from '../../../generate/programs.ts';
import { UserError } from '../../../support/errors.ts';
import { type CompletionBody, MOST_ALL_CHOICES, MOST_LOGPROBS, promptsOf } from './completions-schema.ts';
import type { LanguageModel } from './language-model.ts';
import { StopText } from './stop-text.ts';

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
type Tell = (piece: ChoicePiece) => void;

/** Texts of one request that are written together; the next waits behind those of other requests, so that none starves. */
const MOST_AT_ONCE = DEFAULT_STREAMS;

/** Of GPT-2's longest token. */
const MOST_TOKEN_BYTES = 128;

/** @throws UserError when the client is gone, or the server is closed, before all is done. */
const gone = (): UserError => new UserError('the request was given up');

const isScored = ({ logprobs }: CompletionBody): boolean => logprobs !== undefined && logprobs !== null;

/** Scoring a prompt also tells what comes next. */
const isNextScored = (body: CompletionBody): boolean =>
  isScored(body) && body.max_tokens === 1 && body.temperature === 0;

const tokensToWrite = (body: CompletionBody): number => (isNextScored(body) ? 0 : body.max_tokens);

/**
 * The prompt of each choice as tokens.
 * @throws UserError when prompt and tokens do not fit the model
 */
export function choicePrompts({ config }: LanguageModel, body: CompletionBody): (readonly number[])[] {
  const given = promptsOf(body);
  if (given.length * body.n > MOST_ALL_CHOICES)
    throw new UserError(
      `expected at most ${MOST_ALL_CHOICES} choices, found ${given.length} prompts with ${body.n} each; send fewer prompts at once`,
    );
  return given.flatMap((prompt) => {
    const ids = idsOf(prompt, config);
    checkLength(ids.length, tokensToWrite(body), config);
    return Array.from({ length: body.n }, () => ids);
  });
}

/**
 * Completes a request. Requests may overlap: their runs take turns on the device.
 * @param prompts of `choicePrompts`
 * @param tell is given pieces of the texts as they are written, without the prompts
 */
export async function complete(
  model: LanguageModel,
  body: CompletionBody,
  prompts: readonly (readonly number[])[],
  signal: AbortSignal,
  tell: Tell = () => {},
): Promise<Choice[]> {
  const newTokens = tokensToWrite(body);
  const seed = body.seed ?? Math.floor(Math.random() * 2 ** 32);
  const written: Written[] = [];
  const waiting = prompts.entries();
  const writeWaiting = async (): Promise<void> => {
    for (const [index, prompt] of waiting)
      written[index] =
        newTokens === 0
          ? nothing(index, tell)
          : await write(model, body, { prompt, index, seed: seed + index, signal, tell });
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, writeWaiting));
  const choices = prompts.map((prompt, index) => ({ index, prompt, ...(written[index] ?? EMPTY), scores: undefined }));
  if (!isScored(body)) return choices;
  const scored = await score(model, choices, isNextScored(body), signal);
  return isNextScored(body) ? scored.map((choice) => withNext(choice, body)) : scored;
}

const EMPTY: Written = { tokens: [], text: '', finishReason: 'length' };

function nothing(index: number, tell: Tell): Written {
  tell({ index, finishReason: EMPTY.finishReason });
  return EMPTY;
}

function idsOf(prompt: string | readonly number[], { contextLength }: Gpt2Config): readonly number[] {
  if (prompt === '') return [END_OF_TEXT];
  if (typeof prompt === 'string') {
    // a text that cannot fit is not worth the time that its tokens take from other requests
    if (prompt.length > contextLength * MOST_TOKEN_BYTES)
      throw new UserError(
        `this model's maximum context length is ${contextLength} tokens; the request has ${prompt.length} characters in the prompt; shorten it`,
      );
    return Array.from(encode(prompt));
  }
  const stranger = prompt.find((id) => id >= VOCABULARY_SIZE);
  if (stranger === undefined) return prompt;
  throw new UserError(`prompt: expected token ids below ${VOCABULARY_SIZE}, found ${stranger}`);
}

function checkLength(prompt: number, newTokens: number, { contextLength }: Gpt2Config): void {
  if (prompt + newTokens <= contextLength) return;
  throw new UserError(
    `this model's maximum context length is ${contextLength} tokens; the request has ${prompt} in the prompt and ${newTokens} to complete; shorten one of them`,
  );
}

interface Writing {
  readonly prompt: readonly number[];
  readonly index: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

const stopTextOf = ({ stop }: CompletionBody): StopText => new StopText(typeof stop === 'string' ? [stop] : stop);

async function write(model: LanguageModel, body: CompletionBody, writing: Writing): Promise<Written> {
  const { prompt, index, seed, signal, tell } = writing;
  const stop = stopTextOf(body);
  const decoder = streamDecoder();
  const tokens: number[] = [];
  let text = '';
  let finishReason: Choice['finishReason'] = 'length';
  const add = (piece: string): void => {
    if (piece === '') return;
    text += piece;
    tell({ index, text: piece });
  };
  const request = {
    ...{ prompts: [prompt], tokens: body.max_tokens, seed, signal },
    ...{ temperature: body.temperature, topK: body.top_k, topP: body.top_p },
    ...{ stopAt: END_OF_TEXT, vocabularySize: VOCABULARY_SIZE },
  };
  for await (const event of model.generator.generate(request)) {
    if ('token' in event) {
      tokens.push(event.token);
      add(stop.push(decoder.push(event.token)));
      if (stop.stopped) break;
    } else if (event.ended === 'interrupted') throw gone();
    else if (event.ended === 'stop') {
      tokens.push(END_OF_TEXT);
      finishReason = 'stop';
    }
  }
  if (!stop.stopped) add(stop.push(decoder.end()) + stop.end());
  if (stop.stopped) finishReason = 'stop';
  tell({ index, finishReason });
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
  const requests = choices.map(({ prompt, tokens }) => {
    const [first = END_OF_TEXT, ...rest] = prompt;
    return { context: [first], continuations: [[...rest, ...tokens, ...(addNext ? [-1] : [])]] };
  });
  const scored: Choice[] = [];
  for await (const [scores] of model.scorer.score(requests, signal)) {
    const choice = choices[scored.length];
    if (!choice || !scores) throw new TypeError('each choice has one continuation');
    if (![...scores.values, ...scores.likeliestValues].every(Number.isFinite))
      throw new UserError('the model gives log-probabilities of NaN; its weights are damaged, or training diverged');
    scored.push({ ...choice, scores });
  }
  if (scored.length < choices.length) throw gone();
  return scored;
}

/** A choice whose scores have a last row for the token behind its prompt, with the likeliest in its place. */
function withNext(choice: Choice, body: CompletionBody): Choice {
  const { scores } = choice;
  if (!scores) throw new TypeError('only a scored choice tells what is next');
  const last = scores.values.length - 1;
  const ids = scores.likeliestIds.subarray(last * MOST_LOGPROBS);
  const place = Math.max(
    0,
    ids.findIndex((id) => id < VOCABULARY_SIZE),
  );
  const next = ids[place] ?? END_OF_TEXT;
  const values = scores.values.slice();
  values[last] = scores.likeliestValues[last * MOST_LOGPROBS + place] ?? Number.NaN;
  const decoder = streamDecoder();
  const stop = stopTextOf(body);
  const text = next === END_OF_TEXT ? '' : stop.push(decoder.push(next) + decoder.end()) + stop.end();
  const finishReason = next === END_OF_TEXT || stop.stopped ? 'stop' : 'length';
  return { ...choice, tokens: [next], text, finishReason, scores: { ...scores, values } };
}
