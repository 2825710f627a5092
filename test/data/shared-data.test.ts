/** @file Real documents, where they are at hand: as many tokens as tiktoken gives, and the same bytes back. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { describe, expect, it } from 'vitest';
import { buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { fileCorpus } from '#minillm/data/sharding/file-corpus.js';
import { localFiles } from '#minillm/data/sharding/local-files.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { decode, END_OF_TEXT } from '#minillm/data/tokenizer/tokenizer.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

async function documentsFrom(paths: string[]): Promise<{ tokens: number; texts: string[] }> {
  const folder = temporaryFolder();
  const corpus = fileCorpus({ files: await localFiles(paths) });
  await buildDataset({ folder, corpus, workers: 2, validationTokens: 0 });
  const { train, close } = await openDataset(folder);
  const tokens = train.shards[0]!.read(0, train.tokenCount);
  close();
  const texts: string[] = [];
  for (let start = 0; start < tokens.length; ) {
    const next = tokens.indexOf(END_OF_TEXT, start + 1);
    const end = next < 0 ? tokens.length : next;
    texts.push(decode(tokens.subarray(start + 1, end)));
    start = end;
  }
  return { tokens: tokens.length, texts };
}

describe.runIf(existsSync(SHARED))('real documents', () => {
  it('of JSON lines are 4,364,780 tokens and come back', async () => {
    const path = join(SHARED, 'fineweb-docs.jsonl.gz');
    const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
    const { tokens, texts } = await documentsFrom([path]);
    expect(tokens).toBe(4_364_780);
    expect(texts.length).toBe(lines.length);
    expect(texts.findIndex((text, i) => text !== JSON.parse(lines[i]!).text)).toBe(-1);
  });

  it('of Parquet are 661,051 tokens and come back', async () => {
    const folder = join(SHARED, 'fineweb-parquet');
    const paths = readdirSync(folder).map((name) => join(folder, name));
    const rows = [];
    for (const path of paths) {
      const { buffer, byteOffset, length } = readFileSync(path);
      const file = buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
      rows.push(...(await parquetReadObjects({ file, columns: ['text'], compressors })));
    }
    const { tokens, texts } = await documentsFrom(paths);
    expect(tokens).toBe(661_051);
    expect(texts).toEqual(rows.map((row) => row.text));
  });
});
