/** @file How a token is chosen; the device chooses it (`engine/ops/sample.ts`). */

import { UserError } from '../support/errors.ts';

/** The most alternatives that are given for a token. */
export const MAX_ALTERNATIVES = 20;

/** The most tokens whose logits a request may bias. */
export const MAX_BIASED_TOKENS = 300;

/** Applied in this order: bias and penalties, temperature, top-k, top-p, min-p. */
export interface SamplingSettings {
  /** Divides the logits; 0 always takes the most likely token. */
  readonly temperature: number;
  /** Only the k most likely tokens, and those as likely as the last of them; 0 for all. */
  readonly topK: number;
  /** Only the most likely tokens, as few as reach this sum of probabilities; 1 for all. */
  readonly topP: number;
  /** Only tokens at least this part as likely as the most likely one; default 0, for all. */
  readonly minP?: number;
  /** Lowers the logit of a token by this much for each time the text has it, prompt excluded; default 0. */
  readonly frequencyPenalty?: number;
  /** Lowers the logits of the tokens that the text has, prompt excluded; default 0. */
  readonly presencePenalty?: number;
  /** Added to the logits of these tokens. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** How many of the most likely tokens to give with each; default 0. */
  readonly logprobs?: number;
}

/** @throws UserError naming the setting that is out of range. */
export function checkSampling(settings: SamplingSettings): void {
  const { temperature, topK, topP, minP = 0, frequencyPenalty = 0, presencePenalty = 0 } = settings;
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new UserError(`temperature: expected 0 or more, found ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0)
    throw new UserError(`top-k: expected a whole number from 0 (all tokens), found ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new UserError(`top-p: expected more than 0 and at most 1, found ${topP}`);
  if (!(minP >= 0 && minP <= 1)) throw new UserError(`min-p: expected 0 to 1, found ${minP}`);
  checkRange('frequency penalty', frequencyPenalty, 2);
  checkRange('presence penalty', presencePenalty, 2);
  const { logprobs = 0, logitBias = new Map<number, number>() } = settings;
  if (!Number.isInteger(logprobs) || logprobs < 0 || logprobs > MAX_ALTERNATIVES)
    throw new UserError(`logprobs: expected a whole number from 0 to ${MAX_ALTERNATIVES}, found ${logprobs}`);
  if (logitBias.size > MAX_BIASED_TOKENS)
    throw new UserError(`logit bias: expected at most ${MAX_BIASED_TOKENS} tokens, found ${logitBias.size}`);
  for (const bias of logitBias.values()) checkRange('logit bias', bias, 100);
}

function checkRange(name: string, value: number, limit: number): void {
  if (!(value >= -limit && value <= limit))
    throw new UserError(`${name}: expected -${limit} to ${limit}, found ${value}`);
}
