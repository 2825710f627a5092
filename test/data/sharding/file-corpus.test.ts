import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { type BuildOptions, buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { type FileCorpusOptions, fileCorpus } from '#minillm/data/sharding/file-corpus.js';
import { localFiles } from '#minillm/data/sharding/local-files.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { decode, END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { parquetFiles, recordedFiles, sampleTexts, writeParquet } from '../documents/parquet-files.ts';

type Changes = Partial<BuildOptions> & Omit<FileCorpusOptions, 'files'>;

/** Builds without validation; returns the outcome, all tokens, and the problems reported. */
async function buildFrom(paths: string[], { parquet, textField, splitOn, ...changes }: Changes = {}) {
  const folder = temporaryFolder();
  const reading = { ...(textField ? { textField } : {}), ...(splitOn ? { splitOn } : {}), parquet: parquet ?? false };
  const corpus = fileCorpus({ files: await localFiles(paths), ...reading, skipBad: changes.skipBad ?? false });
  const problems: string[] = [];
  const onProblem = (problem: string) => problems.push(problem);
  const outcome = await buildDataset({ folder, corpus, workers: 1, validationTokens: 0, onProblem, ...changes });
  const { train, close } = await openDataset(folder);
  const tokens = train.shards.flatMap((shard) => [...shard.read(0, shard.tokenCount)]);
  close();
  return { ...outcome, tokens, problems };
}

/** The documents of some tokens, each after its `<|endoftext|>`. */
function documentsOf(tokens: readonly number[]): string[] {
  const starts = tokens.flatMap((token, at) => (token === END_OF_TEXT ? [at] : []));
  return starts.map((start, i) => decode(tokens.slice(start + 1, starts[i + 1])));
}

describe('a corpus of Parquet files', () => {
  it('gives the texts of the rows in order, whatever the row groups, codec and number of workers', async () => {
    const folder = temporaryFolder();
    const { paths, texts } = parquetFiles(folder, 3, 170);
    const one = await buildFrom(paths);
    expect(documentsOf(one.tokens)).toEqual(texts);
    expect(one.description.documents).toBe(texts.length);
    const three = await buildFrom(paths, { workers: 3 });
    expect(three.description.shards).toEqual(one.description.shards);
    const whole = join(folder, 'whole.parquet');
    writeParquet(whole, texts, { rowsPerGroup: 1000, codec: 'UNCOMPRESSED' });
    expect((await buildFrom([whole])).description.shards).toEqual(one.description.shards);
  });

  it('leaves out rows without text', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    writeParquet(path, ['one', null, '', 'two', null]);
    const { tokens } = await buildFrom([path]);
    expect(documentsOf(tokens)).toEqual(['one', 'two']);
  });

  it('takes <|endoftext|> in a text for plain text', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    writeParquet(path, ['one <|endoftext|> two']);
    const { tokens } = await buildFrom([path]);
    expect(tokens).toEqual([END_OF_TEXT, ...encode('one <|endoftext|> two')]);
  });

  it('lists the columns there are when the one asked for is not among them or holds no text', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    writeParquet(path, ['one']);
    await expect(buildFrom([path], { textField: 'txt' })).rejects.toThrow(
      'a.parquet: expected a column txt, found id, text, score; choose one with --text-field (did you mean text?)',
    );
    await expect(buildFrom([path], { textField: 'score', skipBad: true })).rejects.toThrow(
      'a.parquet: expected column score to hold texts, found DOUBLE; choose another with --text-field',
    );
  });

  it('names a file that is empty, is not Parquet, or was cut off', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.parquet');
    writeParquet(path, sampleTexts(300));
    const whole = readFileSync(path);
    for (const bytes of [Buffer.alloc(0), Buffer.from('PAR1'), Buffer.alloc(5000, 'x'), whole.subarray(0, 9000)]) {
      writeFileSync(path, bytes);
      await expect(buildFrom([path])).rejects.toThrow(/a\.parquet: expected a whole Parquet file, found otherwise \(/);
    }
  });

  it('passes over a damaged file, row group or row when it is to, and counts it', async () => {
    const folder = temporaryFolder();
    const { paths, texts } = parquetFiles(folder, 3, 100);
    writeFileSync(paths[0]!, 'no Parquet');
    const bytes = readFileSync(paths[1]!);
    const column = parquetMetadata(bytes).row_groups[1]!.columns[1]!.meta_data!;
    const end = Number(column.data_page_offset + column.total_compressed_size);
    writeFileSync(paths[1]!, bytes.fill(0xff, end - 200, end));
    await expect(buildFrom(paths.slice(1))).rejects.toThrow(
      /part-1\.parquet row group 1: expected intact data, found damage \(.*\); correct it, or skip what is bad/,
    );
    const { tokens, skipped, problems } = await buildFrom(paths, { skipBad: true });
    expect(documentsOf(tokens)).toEqual([...texts.slice(100, 150), ...texts.slice(200)]);
    expect(skipped).toBe(2);
    expect(problems).toEqual([
      expect.stringMatching(/part-0\.parquet: expected a whole Parquet file/),
      expect.stringMatching(/part-1\.parquet row group 1: expected intact data/),
    ]);
  });

  it('fetches a file when its turn comes and releases it once its tokens are on record', async () => {
    const { paths } = parquetFiles(temporaryFolder(), 3, 100);
    const files = recordedFiles(paths);
    let fetched = 0;
    const onFetched = (bytes: number) => {
      fetched = bytes;
    };
    await buildDataset({ folder: temporaryFolder(), corpus: fileCorpus({ files, onFetched }), workers: 1 });
    expect(files.log.filter((line) => line.startsWith('fetch'))).toEqual(['fetch 0', 'fetch 1', 'fetch 2']);
    expect(files.log.filter((line) => line.startsWith('release'))).toEqual(['release 0', 'release 1', 'release 2']);
    for (const file of [0, 1, 2])
      expect(files.log.indexOf(`fetch ${file}`)).toBeLessThan(files.log.indexOf(`release ${file}`));
    expect(fetched).toBe(files.files.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it('goes on consuming while a fetch waits for a release', async () => {
    const { paths } = parquetFiles(temporaryFolder(), 3, 100);
    const files = recordedFiles(paths);
    let room = 1;
    let makeRoom = () => {};
    const waiting = {
      ...files,
      async fetch(...[index, options]: Parameters<typeof files.fetch>) {
        while (room === 0)
          await new Promise<void>((resolve) => {
            makeRoom = resolve;
          });
        room--;
        return files.fetch(index, options);
      },
      async release(index: number) {
        room++;
        makeRoom();
        await files.release(index);
      },
    };
    await buildDataset({ folder: temporaryFolder(), corpus: fileCorpus({ files: waiting }), workers: 2 });
    expect(files.log).toEqual([0, 1, 2].flatMap((file) => [`fetch ${file}`, `release ${file}`]));
  });
});

describe('a corpus of several kinds of files', () => {
  it('gives the documents of Parquet, JSON lines and text one after the other', async () => {
    const folder = temporaryFolder();
    const [parquet, json, text] = ['a.parquet', 'b.jsonl.gz', 'c.txt'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeParquet(parquet, ['one', 'two']);
    writeFileSync(json, gzipSync(['three', 'four'].map((value) => JSON.stringify({ text: value })).join('\n')));
    writeFileSync(text, 'five||six');
    const { tokens, description } = await buildFrom([parquet, json, text], { splitOn: '||' });
    expect(documentsOf(tokens)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
    expect(description.source).toBe('a.parquet, b.jsonl.gz, c.txt');
  });

  it('keeps empty texts of Parquet and JSON lines as documents where build-nanogpt does', async () => {
    const folder = temporaryFolder();
    const [parquet, json] = [join(folder, 'a.parquet'), join(folder, 'b.jsonl')];
    writeParquet(parquet, ['one', '', 'two', null]);
    writeFileSync(json, '{"text": ""}\n{"text": "three"}\n');
    const files = await localFiles([parquet, json]);
    const documents = async (keepEmpty: boolean): Promise<string[]> => {
      const out = temporaryFolder();
      await buildDataset({ folder: out, corpus: fileCorpus({ files, keepEmpty }), workers: 1, validationTokens: 0 });
      const { train, close } = await openDataset(out);
      const tokens = train.shards.flatMap((shard) => [...shard.read(0, shard.tokenCount)]);
      close();
      return documentsOf(tokens);
    };
    expect(await documents(true)).toEqual(['one', '', 'two', '', 'three']);
    expect(await documents(false)).toEqual(['one', 'two', 'three']);
  });

  it('passes over the rest of a damaged file when it is to', async () => {
    const folder = temporaryFolder();
    const [cut, latin1, whole] = ['a.jsonl.gz', 'b.txt', 'c.txt'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const lines = Array.from({ length: 20_000 }, (_, i) => `{"text": "document ${(i * 2_654_435_761) % 1_000_003}"}\n`);
    const compressed = gzipSync(lines.join(''));
    writeFileSync(cut, compressed.subarray(0, compressed.length - 1000));
    writeFileSync(latin1, Buffer.from('gr\u00fcn', 'latin1'));
    writeFileSync(whole, 'whole');
    await expect(buildFrom([cut])).rejects.toThrow(/a\.jsonl\.gz: expected gzip data, found damage/);
    const { tokens, skipped, problems } = await buildFrom([cut, latin1, whole], { skipBad: true });
    const documents = documentsOf(tokens);
    expect(documents.length).toBeGreaterThan(1000);
    expect(documents.at(-1)).toBe('whole');
    expect(documents.slice(0, -1)).toEqual(lines.slice(0, documents.length - 1).map((line) => JSON.parse(line).text));
    expect(skipped).toBe(2);
    expect(problems).toEqual([expect.stringContaining('a.jsonl.gz'), expect.stringContaining('b.txt')]);
    expect((await buildFrom([cut, latin1, whole], { skipBad: true })).tokens).toEqual(tokens);
  });

  it('counts bad lines without end in bounded memory, and passes over them', async () => {
    const path = join(temporaryFolder(), 'a.jsonl');
    writeFileSync(path, `${'{"other": 1}\n'.repeat(200_000)}{"text": "one"}\n${'bad\n'.repeat(10)}`);
    const { tokens, skipped, problems } = await buildFrom([path], { skipBad: true });
    expect(documentsOf(tokens)).toEqual(['one']);
    expect(skipped).toBe(200_010);
    expect(problems.length).toBeLessThanOrEqual(5);
  });

  it('is refused where it cannot be read', async () => {
    await expect(localFiles(['/nowhere.parquet'])).rejects.toThrow('/nowhere.parquet: could not read it');
    await expect(localFiles([temporaryFolder()])).rejects.toThrow('expected a regular file, found a folder');
  });
});
