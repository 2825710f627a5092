import { expect, test } from 'vitest';
import { checkSampling, type SamplingSettings } from '#minillm/generate/sampling.js';

const ALL: SamplingSettings = { temperature: 1, topK: 0, topP: 1 };

test.each([
  [{ ...ALL, temperature: -1 }, 'temperature: expected 0 or more, found -1'],
  [{ ...ALL, temperature: Number.NaN }, 'temperature: expected 0 or more, found NaN'],
  [{ ...ALL, topK: 1.5 }, 'top-k: expected a whole number from 0 (all tokens), found 1.5'],
  [{ ...ALL, topP: 0 }, 'top-p: expected more than 0 and at most 1, found 0'],
  [{ ...ALL, topP: 1.1 }, 'top-p: expected more than 0 and at most 1, found 1.1'],
  [{ ...ALL, minP: -0.1 }, 'min-p: expected 0 to 1, found -0.1'],
  [{ ...ALL, frequencyPenalty: 2.5 }, 'frequency penalty: expected -2 to 2, found 2.5'],
  [{ ...ALL, presencePenalty: Number.NaN }, 'presence penalty: expected -2 to 2, found NaN'],
  [{ ...ALL, logprobs: 21 }, 'logprobs: expected a whole number from 0 to 20, found 21'],
  [{ ...ALL, logitBias: new Map([[1, 101]]) }, 'logit bias: expected -100 to 100, found 101'],
  [
    { ...ALL, logitBias: new Map(Array.from({ length: 301 }, (_, id) => [id, 1] as const)) },
    'logit bias: expected at most 300 tokens, found 301',
  ],
])('refuses %j', (settings, message) => {
  expect(() => checkSampling(settings)).toThrow(message);
});
