/** @file The names and shapes of GPT-2's parameters, as Hugging Face names them. */

import type { Gpt2Config } from './gpt2-config.ts';

export interface Gpt2Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Fills `target` with the elements from `start` on of the parameter of this canonical name. */
export type ReadParameter = (name: string, start: number, target: Float32Array) => void | Promise<void>;

/**
 * Every parameter of a GPT-2, from the embeddings to the last LayerNorm. Weights of linear layers are those of OpenAI's
 * Conv1D: [in, out]. The output head has none of its own: it is `transformer.wte.weight`.
 */
export function gpt2Parameters(config: Gpt2Config): Gpt2Parameter[] {
  const { layers, channels: C, contextLength: T, vocabularySize: V } = config;
  const parameters: Gpt2Parameter[] = [];
  const add = (name: string, ...shape: number[]) => parameters.push({ name: `transformer.${name}`, shape });
  const addPair = (name: string, weightShape: number[], biasLength: number) => {
    add(`${name}.weight`, ...weightShape);
    add(`${name}.bias`, biasLength);
  };
  add('wte.weight', V, C);
  add('wpe.weight', T, C);
  for (let layer = 0; layer < layers; layer++) {
    addPair(`h.${layer}.ln_1`, [C], C);
    addPair(`h.${layer}.attn.c_attn`, [C, 3 * C], 3 * C);
    addPair(`h.${layer}.attn.c_proj`, [C, C], C);
    addPair(`h.${layer}.ln_2`, [C], C);
    addPair(`h.${layer}.mlp.c_fc`, [C, 4 * C], 4 * C);
    addPair(`h.${layer}.mlp.c_proj`, [4 * C, C], C);
  }
  addPair('ln_f', [C], C);
  return parameters;
}
