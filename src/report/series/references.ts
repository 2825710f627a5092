/** @file What OpenAI's models of GPT-2 124M's size reach, for a run to be seen against. */

export interface Reference {
  readonly name: string;
  readonly value: number;
}

/** Validation loss on FineWeb-Edu (GPT-2's tokens), of the published weights. */
export const LOSS_REFERENCES: readonly Reference[] = [{ name: 'OpenAI GPT-2 124M', value: 3.2924 }];

/** HellaSwag, normalised by length: GPT-2 of the published weights, GPT-3 as its paper says (Brown et al. 2020, table H.1). */
export const HELLASWAG_REFERENCES: readonly Reference[] = [
  { name: 'OpenAI GPT-2 124M', value: 0.2955 },
  { name: 'OpenAI GPT-3 124M', value: 0.337 },
];
