import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  decode,
  END_OF_TEXT,
  encode,
  encodePrompt,
  streamDecoder,
  VOCABULARY_SIZE,
} from '#minillm/data/tokenizer/tokenizer.js';
import { Random } from '#minillm/support/random.js';
import { encodeByDefinition, wellFormed } from './reference-tokenizer.ts';

interface Case {
  readonly text: string;
  readonly ids: readonly number[];
}

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const casesOf = (lines: Buffer): Case[] =>
  lines
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Case);

/** What tiktoken 0.14 gives for GPT-2; the random strings are those of scripts/tiktoken-strings.py. */
const golden = casesOf(fixture('tokenizer-golden.jsonl'));
const random = casesOf(gunzipSync(fixture('tokenizer-random.jsonl.gz')));

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Strings, and first code points of 64 that have been assigned, or not, for long. */
const PARTS = [
  ...[' ', '  ', '\n', '\t ', '\r\n', '\u0085', '\u00a0', '\u3000', '\ufeff', '\u200d', '\ud800', '\udc00', '\0'],
  ...[
    "'s",
    "'ll",
    "'RE",
    "don't",
    ' the',
    ' language',
    'model',
    ' 1984',
    '<|endoftext|>',
    '!!',
    '--',
    '👩‍💻',
    'e\u0301',
  ],
  ...[0x00, 0x40, 0x80, 0xc0, 0x100, 0x300, 0x391, 0x410, 0x5d0, 0x620, 0x915, 0xe01, 0x1100, 0x2000, 0x2150, 0x3041],
  ...[0x4e00, 0xac00, 0xe000, 0xff10, 0x1d400, 0x1d7ce, 0x1f600, 0x20000],
];

describe('the GPT-2 tokenizer', () => {
  it.each(golden)('encodes $text as tiktoken does, and back', ({ text, ids }) => {
    expect([...encode(text)]).toEqual(ids);
    expect(decode(ids)).toBe(text);
  });

  // of transformers 5.17 with the tokenizer.json of a checkpoint
  it.each([
    ['', []],
    ['<|endoftext|>', [50256]],
    ['<|endoftext|>Once upon a time', [50256, 7454, 2402, 257, 640]],
    ['Hello<|endoftext|> world', [15496, 50256, 995]],
    ['a <|endoftext|>  b<|endoftext|><|endoftext|>\n', [64, 220, 50256, 220, 275, 50256, 50256, 198]],
    ['<|endoftext|', [27, 91, 437, 1659, 5239, 91]],
    ['|<|endoftext|>>', [91, 50256, 29]],
    ['🦊<|endoftext|>é', [8582, 99, 232, 50256, 2634]],
  ])('encodes the prompt %j as transformers does, and back', (text, ids) => {
    expect([...encodePrompt(text)]).toEqual(ids);
    expect(decode(ids)).toBe(text);
  });

  it('encodes random Unicode as tiktoken does, surrogates without their other half as U+FFFD', () => {
    for (const { text, ids } of random) {
      expect([...encode(text)], JSON.stringify(text)).toEqual(ids);
      expect(decode(ids)).toBe(wellFormed(text));
    }
  });

  it('encodes random words, scripts and white space as the definition says', () => {
    const source = new Random(7, 'texts');
    const below = (count: number) => source.uint32() % count;
    for (let i = 0; i < 2000; i++) {
      const parts = Array.from({ length: 1 + below(12) }, () => {
        const part = PARTS[below(PARTS.length)]!;
        return typeof part === 'string' ? part : String.fromCodePoint(part + below(64));
      });
      const text = parts.join('');
      expect([...encode(text)], JSON.stringify(text)).toEqual(encodeByDefinition(text));
    }
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

  it.each(['a', ' '])('finishes on a million of %j in a row', (character) => {
    const text = `${character.repeat(1_000_000)}!`;
    expect(decode(encode(text)) === text).toBe(true);
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
