/**
 * @file How llm.c lays out a model file (`write_model` in train_gpt2.py): a header of 256 int32, then the parameters of one kind
 * after another, each kind for all layers, linear weights as [out, in], the token embedding with more rows than tokens.
 */

import type { Gpt2Config } from '../gpt2-config.ts';
import { type Gpt2Parameter, gpt2Parameters } from '../gpt2-parameters.ts';
import { transposeShapes } from '../linear-weights.ts';
import { elementCount } from '../parameter-slices.ts';

export const MAGIC = 20240326;
export const HEADER_BYTES = 1024;

/** What elements may be; the version in the header says which. */
export const LLMC_TYPES = ['f32', 'bf16'] as const;
export type LlmcType = (typeof LLMC_TYPES)[number];
export const VERSIONS: Readonly<Record<LlmcType, number>> = { f32: 3, bf16: 5 };

/** llm.c's kernels compute this one; its files hold none. */
export const LAYER_NORM_EPSILON = 1e-5;

const EMBEDDING = 'transformer.wte.weight';

/** `transformer.h.3.mlp.c_fc.bias` → its kind, `mlp.c_fc.bias`. */
const OF_LAYER = /^transformer\.h\.\d+\.(.+)$/;

export interface Place extends Gpt2Parameter {
  /** Elements before it in the file. */
  readonly start: number;
}

export interface Layout {
  /** In the order of the file. */
  readonly places: readonly Place[];
  /** Elements of the file; those between two places are padding. */
  readonly elements: number;
}

/** Where each parameter lies in the file. @param paddedVocabulary rows of the token embedding */
export function layOut(config: Gpt2Config, paddedVocabulary: number): Layout {
  const parameters = transposeShapes(gpt2Parameters(config));
  const kinds = new Map<string, Gpt2Parameter[]>();
  for (const parameter of parameters) {
    const kind = OF_LAYER.exec(parameter.name)?.[1] ?? parameter.name;
    kinds.set(kind, [...(kinds.get(kind) ?? []), parameter]);
  }
  let start = 0;
  const places: Place[] = [];
  for (const parameter of [...kinds.values()].flat()) {
    places.push({ ...parameter, start });
    start += parameter.name === EMBEDDING ? paddedVocabulary * config.channels : elementCount(parameter);
  }
  return { places, elements: start };
}
