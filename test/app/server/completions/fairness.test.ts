/** Who is served first when some ask for little and others for much; what is asserted is an order, not a time. */

import { expect, test } from 'vitest';
import { serveTiny } from './served.ts';

const served = serveTiny();

test('a text is written while many requests are scored, not after them', async () => {
  const abort = new AbortController();
  // several runs each
  const scoring = { prompt: Array(30).fill(Array(127).fill(464)), max_tokens: 0, echo: true, logprobs: 0 };
  let scored = 0;
  const requests = Array.from({ length: 10 }, async () => {
    const response = await fetch(`${served.url}v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(scoring),
      signal: abort.signal,
    });
    await response.text();
    scored++;
  });
  const [choice] = (await served.ask({ prompt: [464], max_tokens: 4, ignore_eos: true })).choices;
  expect(choice?.finish_reason).toBe('length');
  expect(scored).toBeLessThan(3);
  abort.abort();
  await Promise.allSettled(requests);
}, 240_000);
