/** @file A model on a device that writes and scores text, wherever its weights come from. */

import { END_OF_TEXT, encode, streamDecoder, VOCABULARY_SIZE } from '../data/tokenizer/tokenizer.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Precision } from '../engine/tensor.ts';
import { planScoring } from '../eval/programs.ts';
import { Scorer } from '../eval/scorer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { generationPrograms } from '../generate/generation-programs.ts';
import { Generator } from '../generate/generator.ts';
import type { Weights } from '../generate/initial-weights.ts';
import { loadSession, requireGpt2Vocabulary } from '../generate/load-session.ts';
import { DEFAULT_PROMPT_LENGTH, DEFAULT_STREAMS } from '../generate/programs.ts';
import { promptTokens } from '../generate/prompt-tokens.ts';
import { checkRequest, type GenerationRequest, type StreamEnd } from '../generate/stream.ts';
import { INFERENCE_PRECISIONS, type InferencePrecision, inferenceTypes } from '../model/inference-precision.ts';
import { UserError } from '../support/errors.ts';

export interface ModelOptions {
  /** Default: fp32. */
  readonly precision?: InferencePrecision;
  /** Texts that are generated together; further ones wait for a free slot. */
  readonly streams?: number;
  /**
   * Maximum number of tokens of a text, prompt included; default: the model's context. Sets the memory of the key-value
   * cache.
   */
  readonly positions?: number;
}

export interface TextOptions {
  /** New tokens of each text, at most; default 100. */
  readonly tokens?: number;
  /** 0 always takes the most likely token; default 1. */
  readonly temperature?: number;
  /** Sample among this many of the most likely tokens, 0 for all; default 50. */
  readonly topK?: number;
  /** Sample among the most likely tokens that together have this probability; default 1. */
  readonly topP?: number;
  /** Text i of a given seed is always the same; default 0. */
  readonly seed?: number;
  /** Texts from the same prompt; default 1. */
  readonly count?: number;
  /** Ends the texts between two tokens. */
  readonly signal?: AbortSignal;
}

/** A piece of text number `index`, or its end with the tokens it was made of. */
export type TextEvent =
  | { readonly index: number; readonly text: string }
  | { readonly index: number; readonly ended: StreamEnd; readonly tokens: readonly number[] };

/** The tokens of a text that begins a document, and how likely the model held each after those before it. */
export interface TextScore {
  readonly tokens: readonly number[];
  /** Of each token, in nats: the text's perplexity is e to the power of minus their mean. */
  readonly logprobs: Float32Array;
}

/** The request that `TextOptions` stand for, checked against the model's limits. */
function buildRequest(prompt: string, options: TextOptions, config: Gpt2Config, positions: number): GenerationRequest {
  const { tokens = 100, temperature = 1, topK = 50, topP = 1, seed = 0, count = 1, signal } = options;
  const ids = promptTokens(prompt);
  const request = {
    tokens,
    temperature,
    topK,
    topP,
    seed,
    prompts: Array.from({ length: count }, () => ids),
    stopAt: END_OF_TEXT,
    vocabularySize: VOCABULARY_SIZE,
    signal,
  };
  checkRequest(request, { positions, vocabularySize: config.vocabularySize });
  return request;
}

interface ModelParts {
  readonly path: string;
  readonly config: Gpt2Config;
  readonly backend: Backend;
  readonly generator: Generator;
  readonly scorer: Scorer;
}

export class TextModel {
  readonly #parts: ModelParts;

  /** See `loadModel`. */
  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  /** Where the weights come from: a folder, an address. */
  get path(): string {
    return this.#parts.path;
  }

  get config(): Gpt2Config {
    return this.#parts.config;
  }

  /** The device for a person. */
  get device(): string {
    return this.#parts.backend.description;
  }

  /** Continues a prompt ('' begins a new document); pieces of all texts as they come, without the prompt. */
  async *generate(prompt: string, options: TextOptions = {}): AsyncGenerator<TextEvent> {
    const { generator, config } = this.#parts;
    const request = buildRequest(prompt, options, config, generator.limits.positions);
    const texts = request.prompts.map(() => ({ decoder: streamDecoder(), tokens: [] as number[] }));
    for await (const event of generator.generate(request)) {
      const { stream: index } = event;
      const state = texts[index];
      if (!state) continue;
      if ('token' in event) state.tokens.push(event.token);
      const text = 'token' in event ? state.decoder.push(event.token) : state.decoder.end();
      if (text) yield { index, text };
      if ('ended' in event) yield { index, ended: event.ended, tokens: state.tokens };
    }
  }

  /** The whole texts, prompt included. */
  async complete(prompt: string, options: TextOptions = {}): Promise<string[]> {
    const texts = Array.from({ length: options.count ?? 1 }, () => prompt);
    for await (const event of this.generate(prompt, options)) if ('text' in event) texts[event.index] += event.text;
    return texts;
  }

  /**
   * How likely the model holds a text, token by token.
   * @throws UserError when the text is empty, or longer than the model's context or the `positions` it was opened for
   */
  async score(text: string): Promise<TextScore> {
    const tokens = Array.from(encode(text));
    if (tokens.length === 0) throw new UserError('text: expected at least one token, found none');
    for await (const [scores] of this.#parts.scorer.score([{ context: [END_OF_TEXT], continuations: [tokens] }]))
      if (scores) return { tokens, logprobs: scores.values };
    throw new UserError('the text was not scored: the model has been closed');
  }

  /** Frees the device. */
  close(): Promise<void> {
    return this.#parts.backend.close();
  }
}

/**
 * Reads weights, which it closes, onto a device of their own.
 * @param openDevice opens one for activations of a precision
 * @throws UserError when the vocabulary is not GPT-2's, a text would be longer than the context, or there is not enough memory
 */
export async function openTextModel(
  weights: Weights,
  options: ModelOptions,
  openDevice: (precision: Precision) => Promise<Backend>,
): Promise<TextModel> {
  try {
    const { path, config } = weights;
    requireGpt2Vocabulary(config, path);
    const {
      precision = INFERENCE_PRECISIONS[0],
      streams = DEFAULT_STREAMS,
      positions = config.contextLength,
    } = options;
    if (positions > config.contextLength)
      throw new UserError(
        `${path}: expected prompt and new tokens to fit the context of ${config.contextLength} tokens, found ${positions}; ask for fewer tokens or shorten the prompt`,
      );
    const types = inferenceTypes(precision);
    const generation = generationPrograms({ streams, positions, promptLength: DEFAULT_PROMPT_LENGTH, ...types });
    const backend = await openDevice(types.precision);
    try {
      const session = await loadSession(backend, weights, {
        ...generation,
        plan: (_, layout, target) => ({
          ...generation.plan(config, layout, target),
          score: planScoring(config, layout, target, { tokens: positions, top: 0, ...types }),
        }),
      });
      await session.program('pack').refresh();
      const scorer = new Scorer(session.program('score'), positions);
      return new TextModel({ path, config, backend, generator: new Generator(session), scorer });
    } catch (cause) {
      await backend.close();
      throw cause;
    }
  } finally {
    await weights.close();
  }
}
