/** @file The files from which transformers builds GPT-2's tokenizer, its slow and its fast form. */

import { END_OF_TEXT, END_OF_TEXT_STRING } from '../support/gpt2-vocabulary.ts';
import { gpt2Bpe } from './gpt2-bpe.ts';
import type { Gpt2Config } from './gpt2-config.ts';

/**
 * The tokenizer's files, by name, for a model of GPT-2's vocabulary; none for a model of a smaller one, whose ids mean
 * something else.
 */
export function gpt2TokenizerFiles(config: Gpt2Config): Map<string, string> {
  if (config.vocabularySize <= END_OF_TEXT) return new Map();
  const { tokens, merges } = gpt2Bpe();
  const vocabulary = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: END_OF_TEXT,
        content: END_OF_TEXT_STRING,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges,
    },
  };
  const settings = {
    tokenizer_class: 'GPT2Tokenizer',
    add_prefix_space: false,
    bos_token: END_OF_TEXT_STRING,
    eos_token: END_OF_TEXT_STRING,
    unk_token: END_OF_TEXT_STRING,
    model_max_length: config.contextLength,
  };
  return new Map([
    ['vocab.json', JSON.stringify(vocabulary)],
    ['merges.txt', `#version: 0.2\n${merges.join('\n')}\n`],
    ['tokenizer.json', JSON.stringify(tokenizer)],
    ['tokenizer_config.json', `${JSON.stringify(settings, null, 2)}\n`],
  ]);
}
