/** @file Prompts to begin with. */

export const EXAMPLES = [
  'Once upon a time',
  "Hello, I'm a language model,",
  'The meaning of life is',
  'One morning, the little fox',
  'In the year 1969',
] as const;
