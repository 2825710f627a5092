import { expect, test } from 'vitest';
import { renderChoice } from '#minillm/app/server/completions/completion-response.js';
import { completionBody } from '#minillm/app/server/completions/completions-schema.js';
import { MAX_LOGPROBS } from '#minillm/app/server/completions/limits.js';
import { decode, encode } from '#minillm/data/tokenizer/tokenizer.js';

test('ids of a padded vocabulary, which have no text, are left out of the likeliest', () => {
  const topIds = new Int32Array(MAX_LOGPROBS);
  topIds.set([50_300, 464, 50_257]);
  const topValues = Float32Array.from({ length: MAX_LOGPROBS }, (_, i) => -i);
  const scores = { values: Float32Array.of(-2), topIds, topValues };
  const choice = { index: 0, prompt: [50_256, 464], tokens: [], text: '', finishReason: 'length', scores } as const;
  const body = completionBody({ prompt: [50_256, 464], echo: true, logprobs: 3 });
  expect(renderChoice(choice, body).logprobs?.top_logprobs).toEqual([null, { The: -1 }]);
});

test('text offsets count the characters of the returned text, with the prompt in front or without', () => {
  // characters of one, two and four bytes; the last is several tokens
  const [prompt, tokens] = [Array.from(encode('Écoute 🦊')), Array.from(encode(' et 🦊 dog'))];
  expect(tokens.length).toBeGreaterThan(4);
  const values = new Float32Array(prompt.length + tokens.length - 1);
  const likeliest = values.length * MAX_LOGPROBS;
  const scores = { values, topIds: new Int32Array(likeliest), topValues: new Float32Array(likeliest) };
  const choice = { index: 0, prompt, tokens, text: decode(tokens), finishReason: 'length', scores } as const;
  const render = (echo: boolean) => renderChoice(choice, completionBody({ prompt, echo, logprobs: 0 }));
  for (const echo of [true, false]) {
    const { text, logprobs } = render(echo);
    const characters = Array.from(text);
    expect(logprobs?.text_offset).toHaveLength(logprobs?.tokens.length ?? 0);
    for (const [index, token] of (logprobs?.tokens ?? []).entries()) {
      const offset = logprobs?.text_offset[index] ?? -1;
      // a part of a character is shown as a replacement, where that character begins or ends
      if (!token.includes('\ufffd')) expect(characters.slice(offset).join('').startsWith(token)).toBe(true);
    }
  }
  const [whole, written] = [render(true).logprobs?.text_offset ?? [], render(false).logprobs?.text_offset ?? []];
  expect(written[0]).toBe(0);
  expect(whole.slice(prompt.length).map((offset) => offset - Array.from(decode(prompt)).length)).toEqual(written);
  expect(written.at(-1)).toBe(Array.from(' et 🦊').length);
});
