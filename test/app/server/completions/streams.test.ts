import { describe, expect, test } from 'vitest';
import { decode, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { type ApiChoice, type LogProbabilities, serveTiny } from './served.ts';

const served = serveTiny();
const TEXT = 'The fox ran away from the dog';
const IDS = Array.from(encode(TEXT));

/** The log-probabilities of a choice's chunks, joined. */
function joined(choices: readonly ApiChoice[]): LogProbabilities {
  const parts = choices.flatMap(({ logprobs }) => (logprobs ? [logprobs] : []));
  return {
    tokens: parts.flatMap(({ tokens }) => tokens),
    token_logprobs: parts.flatMap(({ token_logprobs }) => token_logprobs),
    top_logprobs: parts.flatMap(({ top_logprobs }) => top_logprobs),
    text_offset: parts.flatMap(({ text_offset }) => text_offset),
  };
}

function expectClose(streamed: LogProbabilities, whole: LogProbabilities): void {
  expect(streamed.tokens).toEqual(whole.tokens);
  expect(streamed.text_offset).toEqual(whole.text_offset);
  // generation and scoring run different products over the same weights, each rounded on its own
  const close = (a: number | null, b: number | null): void => {
    if (a === null || b === null) expect(a).toBe(b);
    else expect(Math.abs(a - b)).toBeLessThan(1e-4);
  };
  for (const [place, value] of whole.token_logprobs.entries()) close(streamed.token_logprobs[place] ?? null, value);
  for (const [place, top] of whole.top_logprobs.entries()) {
    const [a, b] = [streamed.top_logprobs[place], top].map((named) => Object.values(named ?? {}).sort((x, y) => y - x));
    expect(a).toHaveLength(b!.length);
    for (const [rank, value] of b!.entries()) close(a![rank]!, value);
  }
}

describe('log-probabilities', () => {
  test.each([false, true])('of a stream are those of the whole answer, with echo: %s', async (echo) => {
    const body = { prompt: TEXT, max_tokens: 12, seed: 5, logprobs: 3, echo, ignore_eos: true };
    const [whole] = (await served.ask(body)).choices;
    const choices = (await served.stream(body)).flatMap((chunk) => chunk.choices);
    expect(choices.map(({ text }) => text).join('')).toBe(whole?.text);
    expectClose(joined(choices), whole!.logprobs!);
    expect(choices.at(-1)).toMatchObject({ text: '', logprobs: null, finish_reason: 'length' });
  });

  test('come with a prompt alone, and nothing new', async () => {
    const body = { prompt: [IDS, [464]], max_tokens: 0, logprobs: 1, echo: true };
    const { choices: whole } = await served.ask(body);
    const choices = (await served.stream(body)).flatMap((chunk) => chunk.choices);
    for (const { index, logprobs } of whole)
      expect(joined(choices.filter((choice) => choice.index === index))).toEqual(logprobs);
  });

  test('of several choices do not mix', async () => {
    const body = { prompt: TEXT, max_tokens: 6, seed: 2, logprobs: 0, n: 3, ignore_eos: true };
    const { choices: whole } = await served.ask(body);
    const choices = (await served.stream(body)).flatMap((chunk) => chunk.choices);
    for (const { index, text, logprobs } of whole) {
      const own = choices.filter((choice) => choice.index === index);
      expect(own.map((choice) => choice.text).join('')).toBe(text);
      expectClose(joined(own), logprobs!);
      for (const top of logprobs!.top_logprobs) expect(Object.keys(top!)).toHaveLength(1);
    }
  });

  test('name tokens by ids, from which another request goes on', async () => {
    const body = { prompt: TEXT, max_tokens: 8, temperature: 0, logprobs: 2, return_tokens_as_token_ids: true };
    const choices = (await served.stream(body)).flatMap((chunk) => chunk.choices);
    const { tokens, top_logprobs } = joined(choices);
    const ids = tokens.map((name) => Number(/^token_id:(\d+)$/.exec(name)?.[1]));
    expect(decode(ids)).toBe(choices.map(({ text }) => text).join(''));
    for (const name of Object.keys(top_logprobs[0]!)) expect(name).toMatch(/^token_id:\d+$/);
    const half = (await served.ask({ ...body, prompt: [...IDS, ...ids.slice(0, 4)], max_tokens: 4 })).choices[0];
    expect(half?.logprobs?.tokens).toEqual(tokens.slice(4));
  });

  test('a token of a stop has its chunk too, without text', async () => {
    const body = { prompt: TEXT, max_tokens: 8, temperature: 0, logprobs: 0 };
    const [free] = (await served.ask(body)).choices;
    const stop = free!.text.slice(-6);
    const choices = (await served.stream({ ...body, stop })).flatMap((chunk) => chunk.choices);
    const text = choices.map((choice) => choice.text).join('');
    expect(text).toBe(free!.text.slice(0, free!.text.indexOf(stop)));
    expect(choices.at(-1)?.finish_reason).toBe('stop');
    expect(joined(choices).tokens).toEqual(free!.logprobs!.tokens.slice(0, joined(choices).tokens.length));
  });
});

test('usage comes last, without choices, where it is asked for', async () => {
  const body = { prompt: TEXT, max_tokens: 3, n: 2, ignore_eos: true };
  const chunks = await served.stream({ ...body, stream_options: { include_usage: true } });
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: IDS.length, completion_tokens: 6, total_tokens: IDS.length + 6 },
  });
  for (const chunk of await served.stream(body)) expect(chunk).not.toHaveProperty('usage');
});
