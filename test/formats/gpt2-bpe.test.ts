import { createHash } from 'node:crypto';
import { encode } from 'gpt-tokenizer/encoding/r50k_base';
import { expect, test } from 'vitest';
import { gpt2Bpe } from '#minillm/formats/gpt2-bpe.js';

test('has the tokens and merges of GPT-2', () => {
  const { tokens, merges } = gpt2Bpe();
  expect(tokens.length).toBe(50257);
  expect(merges.length).toBe(50000);
  expect(tokens[50256]).toBe('<|endoftext|>');
  // the first and last lines of OpenAI's vocab.bpe
  expect(merges.slice(0, 4)).toEqual(['Ġ t', 'Ġ a', 'h e', 'i n']);
  expect(merges.at(-1)).toBe('Ġg azed');
  expect(merges.every((merge, index) => merge.replace(' ', '') === tokens[256 + index])).toBe(true);
});

test('merges.txt is, byte for byte, the vocab.bpe that OpenAI published', () => {
  const text = `#version: 0.2\n${gpt2Bpe().merges.join('\n')}\n`;
  // as tiktoken pins it (tiktoken_ext/openai_public.py)
  expect(createHash('sha256').update(text).digest('hex')).toBe(
    '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5',
  );
});

/** Byte-pair encoding by the merges alone, of one piece of text that is not split. */
function encodeByMerges(piece: string): number[] {
  const { tokens, merges } = gpt2Bpe();
  const order = new Map(merges.map((merge, index) => [merge, index]));
  const characters = new Map(tokens.slice(0, 256).map((token, id) => [token, id]));
  let parts = [...piece].filter((character) => characters.has(character));
  for (;;) {
    const found = parts
      .slice(1)
      .map((right, index) => order.get(`${parts[index]} ${right}`) ?? Number.POSITIVE_INFINITY);
    const best = Math.min(...found);
    if (best === Number.POSITIVE_INFINITY) break;
    const at = found.indexOf(best);
    parts = [...parts.slice(0, at), parts[at]! + parts[at + 1]!, ...parts.slice(at + 2)];
  }
  return parts.map((part) => tokens.indexOf(part));
}

test.each(['indistinguishable', 'internationalization', 'antidisestablishmentarianism', 'supercalifragilistic'])(
  'the merges alone encode %s as gpt-tokenizer does',
  (word) => {
    expect(encodeByMerges(word)).toEqual(encode(word));
  },
);
