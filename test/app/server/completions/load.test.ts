import { expect, test } from 'vitest';
import { MAX_REQUESTS, modelLimits } from '#minillm/app/server/completions/limits.js';
import { Load } from '#minillm/app/server/completions/load.js';

const limits = modelLimits(128);

test('so many requests, and one more once one has left', () => {
  const load = new Load(limits);
  const shares = Array.from({ length: MAX_REQUESTS }, () => load.enter());
  expect(() => load.enter()).toThrow(/busy: it takes at most 256 requests at once/);
  shares[0]?.leave();
  load.enter();
});

test('so many tokens and bytes of all requests together, whatever was refused before', () => {
  const load = new Load(limits);
  const [first, second] = [load.enter(), load.enter()];
  first.take('tokens', limits.allTokens);
  for (let times = 0; times < 2; times++) expect(() => second.take('tokens', 1)).toThrow(/tokens of requests at once/);
  second.take('bodyBytes', limits.allBodyBytes);
  expect(() => first.take('bodyBytes', 1)).toThrow(/bytes of requests at once/);
  first.leave();
  second.leave();
  load.enter().take('tokens', limits.allTokens);
});

test('the largest request fits', () => {
  const share = new Load(limits).enter();
  share.take('bodyBytes', limits.bodyBytes);
  share.take('tokens', limits.tokens);
});
