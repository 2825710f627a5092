/** What requests that are being answered are told when the server's time to stop is up. */

import { expect, test } from 'vitest';
import { serveTiny } from './served.ts';

const served = serveTiny();

test('a stream that has begun ends with an error instead of [DONE], and what has not begun is a 503 with Retry-After', async () => {
  const long = { prompt: [464], max_tokens: 120, ignore_eos: true };
  const { body } = await served.post('v1/completions', { ...long, stream: true });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  // more than there are slots, so that some wait
  const others = Array.from({ length: 12 }, () => served.post('v1/completions', { ...long, n: 8 }));
  const scoring = { prompt: Array(60).fill(Array(127).fill(464)), max_tokens: 0, echo: true, logprobs: 0 };
  others.push(served.post('v1/completions', scoring));
  await expect.poll(() => served.pool.models[0]?.generator.load.waiting).toBeGreaterThan(12);
  await served.pool.close();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
  const events = text.trim().split('\n\n');
  expect(JSON.parse(events.at(-1)!.slice('data: '.length))).toEqual({
    error: {
      message: 'the server is stopping; try again later',
      type: 'server_error',
      param: null,
      code: 'server_not_ready',
    },
  });
  expect(text).not.toMatch(/\[DONE\]|"finish_reason":"/);
  for (const answer of await Promise.all(others)) {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await answer.json()).toMatchObject({ error: { code: 'server_not_ready' } });
  }
}, 120_000);
