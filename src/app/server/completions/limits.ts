/**
 * @file Every limit of the completions server; those of its connections are in `connection-limits.ts`. What a request may
 * cost is a multiple of the model's context, so that memory and time are bounded whatever is sent.
 */

import { MAX_ALTERNATIVES } from '../../../generate/sampling.ts';

/** Most likely tokens reported for each token: as many as vLLM allows, four times those of OpenAI's API. */
export const MAX_LOGPROBS = MAX_ALTERNATIVES;
/** Choices per prompt, as in OpenAI's API. */
export const MAX_N = 128;
/** Choices per request: prompts × n. */
export const MAX_CHOICES = 4096;
/** More than OpenAI's four: lm-evaluation-harness sends all the stops of a task. */
export const MAX_STOPS = 64;
/** Characters of a stop. */
export const MAX_STOP_LENGTH = 1000;

/** Tokens whose logits a request may bias, and by how much. */
export const MAX_BIASED_TOKENS = 300;
export const MAX_BIAS = 100;

/** Contexts of tokens that a request may read and write, over all its choices; this also bounds its log-probabilities. */
const MAX_CONTEXTS = 64;
/** A token id as JSON, with a comma and a space; a token of text has about as many bytes. */
const BYTES_PER_TOKEN = 8;
/** Room in a body for everything but its prompts. */
const FIELD_BYTES = 64 * 1024;
/** Bytes of a text prompt per position of the context: English has 4 to 5 per token, deeply indented code 10. */
const TEXT_BYTES_PER_POSITION = 32;

/** Depth of nested lists and objects. */
export const MAX_JSON_DEPTH = 16;
/** Fields in a body, over all its objects. */
export const MAX_JSON_FIELDS = 1000;
/** Lists and objects in a body. */
export const MAX_JSON_LISTS = MAX_CHOICES + MAX_JSON_FIELDS;

/** Requests being read, waiting or being answered; one more gets a 503. */
export const MAX_REQUESTS = 256;
/** Their size together, in tokens and in bytes being read, as a multiple of the largest request. */
const MAX_LARGEST_REQUESTS = 8;
/** Checkpoints of a run in memory at once, besides the models that stay. */
export const MAX_OPEN_CHECKPOINTS = 2;
/** How often a client that waits for a stream is told that it goes on. */
export const PING_SECONDS = 15;
/** When a client that got a 503 should try again. */
export const RETRY_AFTER_SECONDS = 5;
/** How long a server that is to stop goes on with what was asked. */
export const STOPPING_SECONDS = 20;
/** How long it then has to tell the rest that they are not answered. */
export const FAREWELL_SECONDS = 2;
/** How long a client may keep its answer waiting, in total. */
export const MAX_WAIT_SECONDS = 120;
/** Defects whose stack traces are logged. */
export const MAX_LOGGED_DEFECTS = 20;

/** The limits that follow from the context length of a model. */
export interface ModelLimits {
  readonly contextLength: number;
  /** Tokens that a request reads and writes. */
  readonly tokens: number;
  readonly bodyBytes: number;
  /** Values in a body, including those in lists. */
  readonly values: number;
  /** UTF-8 bytes of one text prompt. */
  readonly textBytes: number;
  /** Tokens of all unanswered requests. */
  readonly allTokens: number;
  /** Bytes of all bodies being read. */
  readonly allBodyBytes: number;
}

export function modelLimits(contextLength: number): ModelLimits {
  const tokens = MAX_CONTEXTS * contextLength;
  const bodyBytes = BYTES_PER_TOKEN * tokens + FIELD_BYTES;
  return {
    contextLength,
    tokens,
    bodyBytes,
    values: tokens + MAX_JSON_FIELDS,
    textBytes: TEXT_BYTES_PER_POSITION * contextLength,
    allTokens: MAX_LARGEST_REQUESTS * tokens,
    allBodyBytes: MAX_LARGEST_REQUESTS * bodyBytes,
  };
}

/** The limits for `--help`, one line each, with numbers for the context of GPT-2. */
export function describeLimits(): readonly string[] {
  const { contextLength, tokens, bodyBytes, textBytes, allTokens } = modelLimits(1024);
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `a request reads and writes at most ${MAX_CONTEXTS} contexts of tokens over all choices (${count(tokens)} for a context of ${count(contextLength)})`,
    `at most ${count(MAX_CHOICES)} choices (prompts × n); n up to ${MAX_N}, logprobs up to ${MAX_LOGPROBS}, up to ${MAX_STOPS} stops of ${count(MAX_STOP_LENGTH)} characters, logit_bias for up to ${MAX_BIASED_TOKENS} tokens`,
    `a body has at most ${BYTES_PER_TOKEN} bytes per such token plus ${FIELD_BYTES / 1024} KiB (${count(bodyBytes / 1024)} KiB), a text prompt ${TEXT_BYTES_PER_POSITION} bytes per position (${count(textBytes / 1024)} KiB)`,
    `at most ${MAX_REQUESTS} requests at once, with as many tokens as ${MAX_LARGEST_REQUESTS} of the largest (${count(allTokens)}); others get a 503 and may retry after ${RETRY_AFTER_SECONDS} s`,
    `at most ${MAX_OPEN_CHECKPOINTS} checkpoints of the run (NAME@STEP) are kept in memory besides the models named here; the one used longest ago makes room for another`,
    `a client may keep its answer waiting for ${MAX_WAIT_SECONDS} s in total`,
    `a server told to stop answers what was asked before, for at most ${STOPPING_SECONDS} s`,
  ];
}
