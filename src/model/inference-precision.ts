/** @file The precisions of a model that is run but not trained: those of training, and int8. */

import type { Precision } from '../engine/tensor.ts';
import type { WeightCopies } from './gpt2.ts';

/** The precisions by name, default first. */
export const INFERENCE_PRECISIONS = ['fp32', 'bf16', 'int8'] as const;

export type InferencePrecision = (typeof INFERENCE_PRECISIONS)[number];

/** How programs of a precision compute. */
export interface InferenceTypes {
  /** That of activations, which the device is opened for. */
  readonly precision: Precision;
  /** What decoding reads instead of the weights, and int8 all other programs too. */
  readonly copies: WeightCopies | undefined;
}

const TYPES: Readonly<Record<InferencePrecision, InferenceTypes>> = {
  fp32: { precision: 'fp32', copies: undefined },
  bf16: { precision: 'bf16', copies: 'bf16' },
  int8: { precision: 'bf16', copies: 'int8' },
};

/** The types of a precision. */
export function inferenceTypes(precision: InferencePrecision): InferenceTypes {
  return TYPES[precision];
}
