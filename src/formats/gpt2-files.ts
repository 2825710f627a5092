/** @file What a Hugging Face folder of a GPT-2 consists of: tensors, and small files of text. */

import { type Gpt2Config, renderGenerationConfig, renderGpt2Config } from './gpt2-config.ts';
import type { ReadParameter } from './gpt2-parameters.ts';
import { gpt2Parameters } from './gpt2-parameters.ts';
import { gpt2TokenizerFiles } from './gpt2-tokenizer-files.ts';
import type { TensorSource } from './safetensors-slices.ts';

/** The tensors of the file of weights. */
export function gpt2Tensors(config: Gpt2Config, read: ReadParameter): TensorSource[] {
  return gpt2Parameters(config).map(({ name, shape }) => ({
    name,
    shape,
    dtype: 'F32',
    read: (start, target) => read(name, start, target),
  }));
}

/**
 * The other files by name: the configuration and, if the vocabulary holds GPT-2's tokens, those of the tokenizer.
 * @param torchType of the weights, as PyTorch calls it
 */
export function gpt2Texts(config: Gpt2Config, torchType?: string): ReadonlyMap<string, string> {
  return new Map([
    ['config.json', renderGpt2Config(config, torchType)],
    ['generation_config.json', renderGenerationConfig(config)],
    ...gpt2TokenizerFiles(config),
  ]);
}
