/** @file A trained model that writes text: a folder of weights opened on a device, prompts in, text out. */

import type { DeviceOptions } from '../backends/open.ts';
import { END_OF_TEXT, streamDecoder, VOCABULARY_SIZE } from '../data/tokenizer/tokenizer.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { Generator } from '../generate/generator.ts';
import { generationPrograms } from '../generate/load-model.ts';
import { type OpenModel, openModel } from '../generate/open-model.ts';
import { DEFAULT_PROMPT_LENGTH, DEFAULT_STREAMS } from '../generate/programs.ts';
import { promptTokens } from '../generate/prompt-tokens.ts';
import { checkRequest, type GenerationRequest, type StreamEnd } from '../generate/stream.ts';
import { INFERENCE_PRECISIONS, type InferencePrecision, inferenceTypes } from '../model/inference-precision.ts';
import { UserError } from '../support/errors.ts';

export interface LoadOptions extends Omit<DeviceOptions, 'precision'> {
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

export class TextModel {
  readonly #model: Omit<OpenModel<string>, 'session'>;
  readonly #generator: Generator;

  constructor(model: Omit<OpenModel<string>, 'session'>, generator: Generator) {
    this.#model = model;
    this.#generator = generator;
  }

  /** The folder the weights come from. */
  get path(): string {
    return this.#model.path;
  }

  get config(): Gpt2Config {
    return this.#model.config;
  }

  /** The device for a person. */
  get device(): string {
    return this.#model.device;
  }

  /** Continues a prompt ('' begins a new document); pieces of all texts as they come, without the prompt. */
  async *generate(prompt: string, options: TextOptions = {}): AsyncGenerator<TextEvent> {
    const request = buildRequest(prompt, options, this.config, this.#generator.limits.positions);
    const texts = request.prompts.map(() => ({ decoder: streamDecoder(), tokens: [] as number[] }));
    for await (const event of this.#generator.generate(request)) {
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

  /** Frees the device. */
  close(): Promise<void> {
    return this.#model.close();
  }
}

/**
 * Opens a model.
 * @param checkpoint a run folder (its newest step), a step folder, a Hugging Face folder or `hf:OWNER/NAME[@REVISION]`
 * @throws UserError when there is no such model, its vocabulary is not GPT-2's, or there is not enough memory
 */
export async function loadModel(checkpoint: string, options: LoadOptions = {}): Promise<TextModel> {
  const { streams = DEFAULT_STREAMS } = options;
  const types = inferenceTypes(options.precision ?? INFERENCE_PRECISIONS[0]);
  const model = await openModel(checkpoint, { ...options, precision: types.precision }, ({ contextLength }) => {
    const { positions = contextLength } = options;
    if (positions > contextLength)
      throw new UserError(
        `${checkpoint}: expected prompt and new tokens to fit the context of ${contextLength} tokens, found ${positions}; ask for fewer tokens or shorten the prompt`,
      );
    return generationPrograms({ streams, positions, promptLength: DEFAULT_PROMPT_LENGTH, ...types });
  });
  return new TextModel(model, new Generator(model.session));
}
