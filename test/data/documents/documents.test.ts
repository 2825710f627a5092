import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ReadDocumentsOptions, readDocuments } from '#minillm/data/documents/documents.js';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function file(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

async function read(paths: string[], options?: ReadDocumentsOptions) {
  const parts = [];
  for await (const part of readDocuments(paths, options)) parts.push(part);
  return parts;
}

const texts = async (path: string, options?: ReadDocumentsOptions) =>
  (await read([path], options)).map((part) => part.text);

describe('plain text', () => {
  it('is one document without a separator, and one for each stretch between separators', async () => {
    expect(await texts(file('a.txt', 'one\ntwo'))).toEqual(['one\ntwo']);
    expect(await texts(file('a.txt', 'one<|endoftext|>two<|endoftext|>'))).toEqual(['one', 'two']);
    expect(await texts(file('a.txt', 'one\n\ntwo\n\n \n\nthree'), { splitOn: '\n\n' })).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it('runs to the end of its file and not into the next', async () => {
    const parts = await read([file('a.txt', 'one'), file('b.txt', ''), file('c.txt', 'two')]);
    expect(parts.map((part) => [part.text, part.startsDocument])).toEqual([
      ['one', true],
      ['two', true],
    ]);
  });

  it('longer than a part comes in parts that join to it, cost no token and report every byte', async () => {
    const line = 'Über  den Wolken 🙂 — “quoted”\n\tand so on, ';
    const text = line.repeat(80_000);
    const parts = await read([file('long.txt', text)]);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map((part) => part.text).join('')).toBe(text);
    expect(parts.map((part) => part.startsDocument)).toEqual(parts.map((_, i) => i === 0));
    expect(parts.flatMap((part) => [...encode(part.text)]).join() === [...encode(text)].join()).toBe(true);
    expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(Buffer.byteLength(text));
  });

  it('finds separators wherever they lie in a long file', async () => {
    const documents = Array.from({ length: 4000 }, (_, i) => `${i}`.repeat(1 + ((i * 37) % 300)));
    expect(await texts(file('many.txt', documents.join('<|endoftext|>')))).toEqual(documents);
  });

  it('without any white space is cut between characters', async () => {
    const text = '🙂'.repeat(1_500_000);
    const parts = await texts(file('emoji.txt', text));
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(/\p{Surrogate}/u.test(part)).toBe(false);
    expect(parts.join('') === text).toBe(true);
  });

  it('loses its byte-order mark', async () => {
    expect(await texts(file('bom.txt', '\ufeffone'))).toEqual(['one']);
  });

  it('that is not UTF-8 is refused with file and byte offset', async () => {
    const start = 'ä'.repeat(400_000);
    const bytes = Buffer.concat([Buffer.from(`${start}x`), Buffer.from([0xe4]), Buffer.from(' rest')]);
    await expect(texts(file('latin.txt', bytes))).rejects.toThrow(
      /latin\.txt: expected UTF-8, found byte 0xe4 at offset 800001; convert it/,
    );
    await expect(texts(file('cut.txt', Buffer.from('aé').subarray(0, 2)))).rejects.toThrow('byte 0xc3 at offset 1');
    await expect(texts(file('lone.txt', Buffer.from([0x61, 0x80])))).rejects.toThrow('byte 0x80 at offset 1');
  });

  it('that is not there is refused, and so is an empty separator', async () => {
    await expect(texts(join(temporaryFolder(), 'none.txt'))).rejects.toThrow(/none\.txt: could not read it/);
    await expect(texts(join(temporaryFolder(), 'none.jsonl.gz'))).rejects.toThrow(/none\.jsonl\.gz: could not read it/);
    await expect(texts(file('a.txt', 'x'), { splitOn: '' })).rejects.toThrow('expected a text to split documents on');
  });
});

describe('JSON lines', () => {
  const lines = '{"text":"one"}\n\n{"text":"","id":1}\r\n{"id":2,"text":"zwö\\n🙂"}';

  it.each(['a.jsonl', 'a.json', 'a.jsonl.gz', 'a.json.gz'])('are read from %s', async (name) => {
    const content = name.endsWith('.gz') ? gzipSync(lines) : lines;
    const parts = await read([file(name, content)]);
    expect(parts.map((part) => part.text)).toEqual(['one', 'zwö\n🙂']);
    expect(parts.every((part) => part.startsDocument)).toBe(true);
    expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(Buffer.byteLength(content));
  });

  it('may be longer than what is read at once', async () => {
    const documents = ['x'.repeat(1_000_000), 'y', 'zä'.repeat(500_000)];
    const content = documents.map((text) => JSON.stringify({ body: text })).join('\n');
    expect(await texts(file('long.jsonl', content), { textField: 'body' })).toEqual(documents);
  });

  const bad = '{"text":"one"}\n{"text":\n[1]\n{"text":5}\n{"body":"x"}\n{"text":"two"}\n';

  it.each([
    [1, /bad\.jsonl line 2: expected JSON \(.*\); correct it, or skip such lines/],
    [2, /bad\.jsonl line 2: expected an object, found \[1\]/],
    [3, /bad\.jsonl line 2: expected a string in field "text", found 5/],
    [4, /bad\.jsonl line 2: expected a string in field "text", found the fields body/],
  ])('that are no documents are refused with file and line (line %i)', async (line, message) => {
    const all = bad.split('\n');
    await expect(texts(file('bad.jsonl', `${all[0]}\n${all[line]}\n`))).rejects.toThrow(message);
  });

  it('that are no documents are skipped and reported when asked', async () => {
    const problems: string[] = [];
    const found = await texts(file('bad.jsonl', bad), { onBadLine: (problem) => problems.push(problem) });
    expect(found).toEqual(['one', 'two']);
    expect(problems.map((problem) => /line (\d+)/.exec(problem)?.[1])).toEqual(['2', '3', '4', '5']);
  });

  it('in damaged gzip are refused, naming the file', async () => {
    const whole = gzipSync(lines.repeat(100));
    await expect(texts(file('cut.jsonl.gz', whole.subarray(0, 40)))).rejects.toThrow(
      /cut\.jsonl\.gz: expected gzip data, found damage/,
    );
    await expect(texts(file('plain.jsonl.gz', lines))).rejects.toThrow(/plain\.jsonl\.gz: expected gzip data/);
  });
});
