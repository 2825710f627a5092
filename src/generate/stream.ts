/** @file One stream of text while it is generated: what it was asked for and how far it has come. */

import { UserError } from '../support/errors.ts';
import { Random } from '../support/random.ts';
import { checkSampling, type SamplingSettings, sampleToken } from './sampling.ts';

export interface GenerationRequest extends SamplingSettings {
  /** Token ids that the streams begin with, at least one each. */
  readonly prompts: readonly ArrayLike<number>[];
  /** New tokens of each stream, at most. */
  readonly tokens: number;
  /** Stream i draws from random numbers of its own, keyed by (seed, i). */
  readonly seed: number;
  /** A token that ends its stream; it is not emitted. */
  readonly stopAt?: number;
  /** Only ids below this are sampled; default: all that the model has. */
  readonly vocabularySize?: number;
  /** Ends the streams between two tokens. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why a stream ended: it has all its tokens, the model sampled the token to stop at, or its signal or the closing of the
 * backend interrupted it.
 */
export type StreamEnd = 'length' | 'stop' | 'interrupted';

/** A token of stream number `stream` of the request, or its end. */
export type GenerationEvent =
  | { readonly stream: number; readonly token: number }
  | { readonly stream: number; readonly ended: StreamEnd };

/** What the model allows. */
export interface StreamLimits {
  readonly positions: number;
  readonly vocabularySize: number;
}

/** @throws UserError saying what was expected and found, when a request asks for what the model cannot do. */
export function checkRequest(request: GenerationRequest, limits: StreamLimits): void {
  const { prompts, tokens } = request;
  checkSampling(request);
  if (!Number.isInteger(tokens) || tokens < 1) throw new UserError(`tokens: expected 1 or more, found ${tokens}`);
  for (const prompt of prompts) {
    if (prompt.length === 0) throw new UserError('prompt: expected at least one token, found none');
    if (prompt.length + tokens > limits.positions) {
      throw new UserError(
        `expected prompt and new tokens to fit the ${limits.positions} positions of the context, found ` +
          `${prompt.length} + ${tokens} = ${prompt.length + tokens}; ask for fewer tokens or shorten the prompt`,
      );
    }
    const invalid = Array.from(prompt).find((id) => !(Number.isInteger(id) && id >= 0 && id < limits.vocabularySize));
    if (invalid !== undefined) {
      throw new UserError(`prompt: expected token ids from 0 to ${limits.vocabularySize - 1}, found ${invalid}`);
    }
  }
}

export class Stream {
  readonly prompt: ArrayLike<number>;
  /** The token sampled last, which the model has not read. */
  lastToken = -1;
  ended = false;
  readonly #request: GenerationRequest;
  readonly #index: number;
  readonly #random: Random;
  readonly #emit: (event: GenerationEvent) => void;
  #generated = 0;

  constructor(request: GenerationRequest, index: number, emit: (event: GenerationEvent) => void) {
    this.prompt = request.prompts[index] ?? [];
    this.#request = request;
    this.#index = index;
    this.#random = new Random(request.seed, index);
    this.#emit = emit;
  }

  /** The position of `lastToken`. */
  get position(): number {
    return this.prompt.length + this.#generated - 1;
  }

  /** Samples the next token from the logits of the position before it. */
  advance(logits: Float32Array): void {
    const { vocabularySize = logits.length, stopAt, tokens } = this.#request;
    const token = sampleToken(logits.subarray(0, vocabularySize), this.#request, this.#random);
    if (token === stopAt) {
      this.end('stop');
      return;
    }
    this.lastToken = token;
    this.#generated++;
    this.#emit({ stream: this.#index, token });
    if (this.#generated === tokens) this.end('length');
  }

  end(ended: StreamEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.#emit({ stream: this.#index, ended });
  }
}
