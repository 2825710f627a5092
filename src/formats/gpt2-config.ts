/** @file The shape of a GPT-2, and the `config.json` in which a Hugging Face folder keeps it. */

import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { END_OF_TEXT } from '../support/gpt2-vocabulary.ts';
import { parseJson } from '../support/json.ts';

/** What determines every tensor of a GPT-2. */
export interface Gpt2Config {
  /** L */
  readonly layers: number;
  /** H; divides `channels` into heads of a multiple of 8 channels, at most 128. */
  readonly heads: number;
  /** C, the width of the residual stream. */
  readonly channels: number;
  /** T, the positions that `wpe` has. */
  readonly contextLength: number;
  /** V, the rows of `wte`. */
  readonly vocabularySize: number;
  readonly layerNormEpsilon: number;
}

// bounds far above any GPT-2, so that a damaged file cannot ask for a list of a billion tensors
const layers = z.int().positive().max(1000);
const extent = z.int().positive().max(100_000_000);

/** What the attention kernels take. */
const HEAD_SIZE_STEP = 8;
const MAX_HEAD_SIZE = 128;
/** The same, for errors. */
export const SUPPORTED_HEAD_SIZES = `heads of a multiple of ${HEAD_SIZE_STEP} channels, at most ${MAX_HEAD_SIZE}`;

/** Whether a head may have so many channels. */
export function isSupportedHeadSize(channels: number): boolean {
  return channels % HEAD_SIZE_STEP === 0 && channels <= MAX_HEAD_SIZE;
}

const configSchema = z.looseObject({
  model_type: z.string(),
  n_layer: layers,
  n_head: extent,
  n_embd: extent,
  n_positions: extent,
  vocab_size: extent,
  n_inner: extent.nullish(),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: z.string().default('gelu_new'),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
});

/**
 * The shape that the text of a `config.json` of a Hugging Face GPT-2 describes. Fields that only concern how transformers runs
 * it (dropouts, summaries, `reorder_and_upcast_attn`) are ignored.
 * @param where names the file in errors
 * @throws UserError when a field is missing or wrong, or it describes a network that is not supported.
 */
export function parseGpt2Config(text: string, where: string): Gpt2Config {
  const json = parseJson(configSchema, text, where);
  const expectField = (field: keyof typeof json, found: unknown, expected: string, isAsExpected: boolean) => {
    if (isAsExpected) return;
    throw new UserError(
      `${where}: expected ${field} ${expected}, found ${JSON.stringify(found)}; only the network of GPT-2 itself is supported`,
    );
  };
  const { model_type, activation_function: activation, n_inner, n_embd, n_head } = json;
  expectField('model_type', model_type, '"gpt2"', model_type === 'gpt2');
  const isTanhGelu = activation === 'gelu_new' || activation === 'gelu_pytorch_tanh';
  expectField('activation_function', activation, '"gelu_new" or "gelu_pytorch_tanh"', isTanhGelu);
  expectField('n_inner', n_inner, `null or 4·n_embd = ${4 * n_embd}`, (n_inner ?? 4 * n_embd) === 4 * n_embd);
  expectField('n_embd', n_embd, `divisible by n_head ${n_head}`, n_embd % n_head === 0);
  const isHeadSize = isSupportedHeadSize(n_embd / n_head);
  expectField('n_head', n_head, `to give ${SUPPORTED_HEAD_SIZES} (n_embd is ${n_embd})`, isHeadSize);
  for (const field of ['tie_word_embeddings', 'scale_attn_weights'] as const)
    expectField(field, json[field], 'true', json[field]);
  for (const field of ['scale_attn_by_inverse_layer_idx', 'add_cross_attention'] as const) {
    expectField(field, json[field], 'false', !json[field]);
  }
  return {
    layers: json.n_layer,
    heads: n_head,
    channels: n_embd,
    contextLength: json.n_positions,
    vocabularySize: json.vocab_size,
    layerNormEpsilon: json.layer_norm_epsilon,
  };
}

/** The id that ends a text; null where the vocabulary does not have it. */
const endOfTextId = (config: Gpt2Config) => (config.vocabularySize > END_OF_TEXT ? END_OF_TEXT : null);

/**
 * The text of `config.json`, from which transformers builds the same network with dropout off.
 * @param torchType of the weights beside it
 */
export function renderGpt2Config(config: Gpt2Config, torchType = 'float32'): string {
  const endOfText = endOfTextId(config);
  const json = {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: 'gelu_new',
    attn_pdrop: 0,
    bos_token_id: endOfText,
    embd_pdrop: 0,
    eos_token_id: endOfText,
    initializer_range: 0.02,
    layer_norm_epsilon: config.layerNormEpsilon,
    n_ctx: config.contextLength,
    n_embd: config.channels,
    n_head: config.heads,
    n_inner: null,
    n_layer: config.layers,
    n_positions: config.contextLength,
    resid_pdrop: 0,
    tie_word_embeddings: true,
    torch_dtype: torchType,
    use_cache: true,
    vocab_size: config.vocabularySize,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** The text of `generation_config.json`, as transformers writes it beside a GPT-2. */
export function renderGenerationConfig(config: Gpt2Config): string {
  const endOfText = endOfTextId(config);
  const json = { _from_model_config: true, bos_token_id: endOfText, eos_token_id: endOfText };
  return `${JSON.stringify(json, null, 2)}\n`;
}
