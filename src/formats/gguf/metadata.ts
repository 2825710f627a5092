/** @file The metadata of a GPT-2 in a GGUF file, as llama.cpp's `convert_hf_to_gguf.py` writes it. */

import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import { gpt2Bpe } from '../gpt2-bpe.ts';
import type { Gpt2Config } from '../gpt2-config.ts';
import type { MetadataValue } from './header.ts';
import type { TensorType } from './tensor-types.ts';

/** Of ggml's quantised types; it has not changed since 2023. */
const QUANTISATION_VERSION = 2;

/** `enum llama_token_type`. */
const NORMAL = 1;
const CONTROL = 3;
const UNUSED = 5;

/**
 * @param config with GPT-2's vocabulary; rows beyond it are tokens that stand for nothing
 * @param name of the model, for people
 */
export function gpt2Metadata(config: Gpt2Config, name: string, { fileType }: TensorType): Map<string, MetadataValue> {
  const { layers, heads, channels, contextLength, vocabularySize, layerNormEpsilon } = config;
  const { tokens, merges } = gpt2Bpe();
  const beyond = Array.from({ length: vocabularySize - tokens.length }, (_, index) => `[PAD${tokens.length + index}]`);
  const types = tokens.map((_, id) => (id === END_OF_TEXT ? CONTROL : NORMAL));
  return new Map<string, MetadataValue>([
    ['general.architecture', { string: 'gpt2' }],
    ['general.type', { string: 'model' }],
    ['general.name', { string: name }],
    ['gpt2.block_count', { uint32: layers }],
    ['gpt2.context_length', { uint32: contextLength }],
    ['gpt2.embedding_length', { uint32: channels }],
    ['gpt2.feed_forward_length', { uint32: 4 * channels }],
    ['gpt2.attention.head_count', { uint32: heads }],
    ['gpt2.attention.layer_norm_epsilon', { float32: layerNormEpsilon }],
    ['general.file_type', { uint32: fileType }],
    ['general.quantization_version', { uint32: QUANTISATION_VERSION }],
    ['tokenizer.ggml.model', { string: 'gpt2' }],
    ['tokenizer.ggml.pre', { string: 'gpt-2' }],
    ['tokenizer.ggml.tokens', { strings: [...tokens, ...beyond] }],
    ['tokenizer.ggml.token_type', { int32s: [...types, ...beyond.map(() => UNUSED)] }],
    ['tokenizer.ggml.merges', { strings: merges }],
    ['tokenizer.ggml.bos_token_id', { uint32: END_OF_TEXT }],
    ['tokenizer.ggml.eos_token_id', { uint32: END_OF_TEXT }],
    ['tokenizer.ggml.add_bos_token', { bool: false }],
  ]);
}
