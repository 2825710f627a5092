/**
 * @file Every limit of the completions server; those of its connections are in `connection-limits.ts`. What a request may
 * cost is a multiple of what the model reads at once, so that memory and time are bounded whatever is sent.
 */

/** Likeliest tokens reported beside each, at most: as many as OpenAI's own API. */
export const MAX_LOGPROBS = 5;
/** Choices of a prompt, as of OpenAI's. */
export const MAX_N = 128;
/** Choices of a request: prompts × n. */
export const MAX_CHOICES = 4096;
/** More than OpenAI's four: lm-evaluation-harness sends all the stops of a task. */
export const MAX_STOPS = 64;
/** Characters of a stop. */
export const MAX_STOP_LENGTH = 1000;

/** Contexts of tokens that a request may read and write, all its choices together; log-probabilities are as many at most. */
const MAX_CONTEXTS = 64;
/** A token id as JSON, with a comma and a space; of a text about as many bytes make a token. */
const BYTES_OF_TOKEN = 8;
/** Of a body, for all that is not its prompts. */
const BYTES_OF_FIELDS = 64 * 1024;
/** Bytes of a text prompt for each position of the context: English has 4 to 5 a token, code with wide margins 10. */
const TEXT_BYTES_OF_POSITION = 32;

/** Lists and objects within each other. */
export const MAX_JSON_DEPTH = 16;
/** Named values of a body, in all its objects. */
export const MAX_JSON_FIELDS = 1000;
/** Lists and objects of a body. */
export const MAX_JSON_LISTS = MAX_CHOICES + MAX_JSON_FIELDS;

/** Requests being read, waiting or answered; one more is answered 503. */
export const MAX_REQUESTS = 256;
/** How many requests of the largest kind those may make up together, in tokens and in bytes that are being read. */
const MAX_LARGEST_REQUESTS = 8;
/** When a client that was answered 503 should try again. */
export const RETRY_AFTER_SECONDS = 5;
/** How long a client may keep its answer waiting, in all. */
export const MAX_WAIT_SECONDS = 120;
/** Defects whose stack traces are logged. */
export const MAX_LOGGED_DEFECTS = 20;

/** The limits that follow from the context length of a model. */
export interface ModelLimits {
  readonly contextLength: number;
  /** Tokens that a request reads and writes. */
  readonly tokens: number;
  readonly bodyBytes: number;
  /** Values of a body, those of its lists counted. */
  readonly values: number;
  /** UTF-8 bytes of one text prompt. */
  readonly textBytes: number;
  /** Tokens of all requests that are not answered yet. */
  readonly allTokens: number;
  /** Bytes of all bodies that are being read. */
  readonly allBodyBytes: number;
}

export function modelLimits(contextLength: number): ModelLimits {
  const tokens = MAX_CONTEXTS * contextLength;
  const bodyBytes = BYTES_OF_TOKEN * tokens + BYTES_OF_FIELDS;
  return {
    contextLength,
    tokens,
    bodyBytes,
    values: tokens + MAX_JSON_FIELDS,
    textBytes: TEXT_BYTES_OF_POSITION * contextLength,
    allTokens: MAX_LARGEST_REQUESTS * tokens,
    allBodyBytes: MAX_LARGEST_REQUESTS * bodyBytes,
  };
}

/** The limits as a person reads them, a line each; numbers for the context of GPT-2. */
export function describeLimits(): readonly string[] {
  const { contextLength, tokens, bodyBytes, textBytes, allTokens } = modelLimits(1024);
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `${MAX_CONTEXTS} contexts of tokens in a request, read and written, prompts × n (${count(tokens)} for a context of ${count(contextLength)})`,
    `${count(MAX_CHOICES)} choices, prompts × n; n to ${MAX_N}, logprobs to ${MAX_LOGPROBS}, ${MAX_STOPS} stops of ${count(MAX_STOP_LENGTH)} characters`,
    `${BYTES_OF_TOKEN} bytes of body for each of those tokens and ${BYTES_OF_FIELDS / 1024} KiB (${count(bodyBytes / 1024)} KiB); ${TEXT_BYTES_OF_POSITION} bytes of text for each position (${count(textBytes / 1024)} KiB a prompt)`,
    `${MAX_REQUESTS} requests at once, of as many tokens as ${MAX_LARGEST_REQUESTS} of the largest (${count(allTokens)}); above that 503, to be tried again after ${RETRY_AFTER_SECONDS} s`,
    `a client may keep its answer waiting for ${MAX_WAIT_SECONDS} s in all`,
  ];
}
