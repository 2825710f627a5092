/** @file One stream of text while it is generated: what it was asked for and how far it has come. */

import { UserError } from '../support/errors.ts';
import { Random } from '../support/random.ts';
import { checkSampling, type SamplingSettings } from './sampling.ts';
import type { SampledToken, TokenSampling } from './sampling-rows.ts';

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
  | ({ readonly stream: number } & SampledToken)
  | { readonly stream: number; readonly ended: StreamEnd };

/** What the model allows. */
export interface StreamLimits {
  readonly positions: number;
  readonly vocabularySize: number;
}

/** @throws UserError saying what was expected and found, when a request asks for what the model cannot do. */
export function checkRequest(request: GenerationRequest, limits: StreamLimits): void {
  const { prompts, tokens, logitBias = new Map<number, number>() } = request;
  checkSampling(request);
  if (!Number.isInteger(tokens) || tokens < 1) throw new UserError(`tokens: expected 1 or more, found ${tokens}`);
  checkIds('logit bias', [...logitBias.keys()], limits);
  for (const prompt of prompts) {
    if (prompt.length === 0) throw new UserError('prompt: expected at least one token, found none');
    if (prompt.length + tokens > limits.positions) {
      throw new UserError(
        `expected prompt and new tokens to fit the ${limits.positions} positions of the context, found ` +
          `${prompt.length} + ${tokens} = ${prompt.length + tokens}; ask for fewer tokens or shorten the prompt`,
      );
    }
    checkIds('prompt', prompt, limits);
  }
}

function checkIds(name: string, ids: ArrayLike<number>, { vocabularySize }: StreamLimits): void {
  const invalid = Array.from(ids).find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabularySize));
  if (invalid !== undefined)
    throw new UserError(`${name}: expected token ids from 0 to ${vocabularySize - 1}, found ${invalid}`);
}

export class Stream {
  readonly prompt: Int32Array;
  /** Positions of the prompt that the model has read. */
  read = 0;
  /** The token sampled last, which the model has not read. */
  lastToken = -1;
  ended = false;
  readonly #request: GenerationRequest;
  readonly #index: number;
  readonly #random: Random;
  readonly #emit: (event: GenerationEvent) => void;
  /** Bias, and the penalties of the tokens generated so far. */
  readonly #adjustments: Map<number, number>;
  readonly #seen = new Set<number>();
  #generated = 0;

  constructor(request: GenerationRequest, index: number, emit: (event: GenerationEvent) => void) {
    this.prompt = Int32Array.from(request.prompts[index] ?? []);
    this.#request = request;
    this.#index = index;
    this.#random = new Random(request.seed, index);
    this.#emit = emit;
    this.#adjustments = new Map(request.logitBias);
  }

  /** Whether its prompt has been read, so that it grows by decoding. */
  get decodes(): boolean {
    return this.read === this.prompt.length;
  }

  /** The position of `lastToken`. */
  get position(): number {
    return this.prompt.length + this.#generated - 1;
  }

  /** Positions that the model keeps keys and values of. */
  get cachedPositions(): number {
    return this.decodes ? this.position : this.read;
  }

  /** How to sample the next token, of which all ids below `vocabularySize` are known to the model; takes a random number. */
  sampling(vocabularySize: number): TokenSampling {
    return {
      settings: this.#request,
      vocabularySize: Math.min(this.#request.vocabularySize ?? vocabularySize, vocabularySize),
      uniform: this.#random.uniform(),
      adjustments: this.#adjustments,
    };
  }

  /** Takes the next token. */
  accept(sampled: SampledToken): void {
    const { stopAt, tokens } = this.#request;
    const { token } = sampled;
    if (token === stopAt) {
      this.end('stop');
      return;
    }
    this.#penalise(token);
    this.lastToken = token;
    this.#generated++;
    this.#emit({ stream: this.#index, ...sampled });
    if (this.#generated === tokens) this.end('length');
  }

  /** Ends the stream if its request was aborted. */
  checkSignal(): void {
    if (this.#request.signal?.aborted) this.end('interrupted');
  }

  end(ended: StreamEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.#emit({ stream: this.#index, ended });
  }

  #penalise(token: number): void {
    const { frequencyPenalty = 0, presencePenalty = 0 } = this.#request;
    if (frequencyPenalty === 0 && presencePenalty === 0) return;
    const before = this.#adjustments.get(token) ?? 0;
    const isNew = !this.#seen.has(token);
    this.#seen.add(token);
    this.#adjustments.set(token, before - frequencyPenalty - (isNew ? presencePenalty : 0));
  }
}
