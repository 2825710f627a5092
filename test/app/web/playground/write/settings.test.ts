import { expect, test } from 'vitest';
import { DEFAULTS, withinBounds, withinLimits } from '../../../../../src/app/web/playground/write/settings.ts';

test('what is not a number falls back to its default', () => {
  expect(withinBounds({ ...DEFAULTS, topP: Number.NaN, samples: 9 })).toEqual({ ...DEFAULTS, samples: 4 });
});

test("a length fits the model's context and the server's limit", () => {
  const limits = { contextLength: 24, maxTokens: 1000, maxLogprobs: 5 };
  expect(withinLimits(DEFAULTS, limits).length).toBe(23);
  expect(withinLimits(DEFAULTS, { ...limits, maxTokens: 5 }).length).toBe(5);
});
