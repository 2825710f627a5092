import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode, END_OF_TEXT, encode, streamDecoder, VOCABULARY_SIZE } from '#minillm/data/tokenizer.js';

/** What tiktoken 0.14 gives for GPT-2. */
const golden = readFileSync(new URL('../fixtures/tokenizer-golden.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { text: string; ids: number[] });

const LONE_SURROGATE = /\p{Surrogate}/u;

describe('the GPT-2 tokenizer', () => {
  it.each(golden)('encodes $text as tiktoken does, and back', ({ text, ids }) => {
    expect([...encode(text)]).toEqual(ids);
    expect(decode(ids)).toBe(text);
  });

  it('gives the same ids when the cache of pieces knows them and when it does not', () => {
    for (const { text, ids } of golden) expect([...encode(text)]).toEqual(ids);
  });

  it('takes <|endoftext|> in a text for plain text and decodes the token to its name', () => {
    expect([...encode('<|endoftext|>')]).not.toContain(END_OF_TEXT);
    expect(decode([END_OF_TEXT])).toBe('<|endoftext|>');
    expect(END_OF_TEXT).toBe(VOCABULARY_SIZE - 1);
  });

  it('decodes what it is given anew each time: half a character leaves nothing behind', () => {
    const [first] = encode('🙂');
    expect(decode([first!])).toBe('\ufffd');
    expect(decode(encode('a'))).toBe('a');
  });

  it('streams only complete characters', () => {
    for (const { text, ids } of golden) {
      const decoder = streamDecoder();
      const parts = ids.map((id) => decoder.push(id));
      for (const part of parts) expect(part).not.toMatch(LONE_SURROGATE);
      expect(parts.join('')).toBe(text);
      expect(decoder.end()).toBe('');
    }
    const [first] = encode('🙂');
    const decoder = streamDecoder();
    expect(decoder.push(first!)).toBe('');
    expect(decoder.end()).toBe('\ufffd');
  });

  it('looks at nothing that an earlier, longer text left behind', () => {
    for (const text of ["'ll've're's 12.5", 'naïve 🙂🙂 café', '  \u3000\u3000x']) {
      const alone = Array.from(text, (_, i) => [...encode(text.slice(0, i))]);
      for (const [i, ids] of alone.entries()) {
        encode(text);
        expect([...encode(text.slice(0, i))]).toEqual(ids);
      }
    }
    expect([...encode("'l")]).toEqual([6, 75]);
  });

  it('stays exact when more different pieces come than the cache holds', () => {
    const words = Array.from({ length: 300_000 }, (_, i) => ` w${i.toString(36)}`);
    expect(decode(encode(words.join('')))).toBe(words.join(''));
    expect([...encode(golden[0]!.text)]).toEqual(golden[0]!.ids);
  });

  it('refuses an id outside the vocabulary', () => {
    expect(() => decode([VOCABULARY_SIZE])).toThrow('token 50257: expected an id from 0 to 50256');
  });
});
