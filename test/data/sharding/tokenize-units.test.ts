import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { fileCorpus } from '#minillm/data/sharding/file-corpus.js';
import { localFiles } from '#minillm/data/sharding/local-files.js';
import { tokenizeUnits } from '#minillm/data/sharding/tokenize-units.js';
import { END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Of Hadoop's LZ4 blocks: one of no bytes that is itself −8 bytes long, which is met again and again. */
const ENDLESS = Uint8Array.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** A row group on which decompression makes no end, and one that is whole. */
function writeEndless(path: string): void {
  const lz4 = (page: Uint8Array): Uint8Array =>
    Buffer.from(page).includes('endless') ? ENDLESS : Buffer.concat([Buffer.of(16 * page.length), page]);
  parquetWriteFile({
    filename: path,
    codec: 'LZ4',
    compressors: { LZ4: lz4 },
    rowGroupSize: 1,
    columnData: [{ name: 'text', data: ['endless', 'whole'], type: 'STRING', nullable: false }],
  });
}

describe('units on several threads', () => {
  it('end with the reason of the signal, in the middle of a unit', async () => {
    const path = join(temporaryFolder(), 'endless.parquet');
    writeEndless(path);
    const corpus = fileCorpus({ files: await localFiles([path]) });
    const abort = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => abort.abort(reason), 300);
    await expect(tokenizeUnits(corpus, { file: 0, unit: 0 }, 1, abort.signal).next()).rejects.toBe(reason);
  });

  it('become a problem where a thread makes no end of one, and a new thread goes on with the next', async () => {
    const path = join(temporaryFolder(), 'endless.parquet');
    writeEndless(path);
    const corpus = fileCorpus({ files: await localFiles([path]), skipBad: true });
    const patience = { milliseconds: 3000, bytesPerMillisecond: 1000 };
    const found: { tokens: number[]; problems: readonly string[] }[] = [];
    const { signal } = new AbortController();
    for await (const { tokens, problems } of tokenizeUnits(corpus, { file: 0, unit: 0 }, 1, signal, patience))
      found.push({ tokens: [...tokens], problems: problems.messages });
    expect(found).toEqual([
      { tokens: [], problems: [expect.stringMatching(/endless\.parquet row group 0: took more than \d+ s/)] },
      { tokens: [END_OF_TEXT, ...encode('whole')], problems: [] },
      { tokens: [], problems: [] },
    ]);
  });
});
