import { appendFileSync, existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BuildOptions, buildDataset } from '#minillm/data/sharding/build-dataset.js';
import type { Corpus, UnitPlace } from '#minillm/data/sharding/corpus.js';
import { fileCorpus } from '#minillm/data/sharding/file-corpus.js';
import { localFiles } from '#minillm/data/sharding/local-files.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { parquetFiles, recordedFiles } from '../documents/parquet-files.ts';

const SHARD_TOKENS = 20_000;

/** A corpus that fails after some units; remembers where it was begun. */
function failingAfter(corpus: Corpus, units: number): Corpus & { readonly begun: UnitPlace[] } {
  const begun: UnitPlace[] = [];
  return {
    ...corpus,
    begun,
    async *units(from, signal) {
      begun.push({ file: from.file, unit: from.unit });
      let count = 0;
      for await (const unit of corpus.units(from, signal)) {
        if (count++ === units) throw new Error('pulled the plug');
        yield unit;
      }
    },
  };
}

const build = (folder: string, corpus: Corpus, changes: Partial<BuildOptions> = {}) =>
  buildDataset({ folder, corpus, workers: 1, shardTokens: SHARD_TOKENS, ...changes });

async function corpusInFiles(): Promise<Corpus> {
  const { paths } = parquetFiles(temporaryFolder(), 4, 230);
  return fileCorpus({ files: await localFiles(paths) });
}

describe('a build that ended early', () => {
  it('goes on where it was and ends with the same shards, wherever it ended and however often', async () => {
    const corpus = await corpusInFiles();
    const undisturbed = await build(temporaryFolder(), corpus);
    expect(undisturbed.description.shards.length).toBeGreaterThan(5);
    const folder = temporaryFolder();
    const begun: string[] = [];
    for (const units of [1, 4, 2, 6, 3]) {
      const failing = failingAfter(corpus, units);
      await expect(build(folder, failing)).rejects.toThrow('pulled the plug');
      expect(readdirSync(folder)).toEqual(['.building']);
      begun.push(...failing.begun.map(({ file, unit }) => `file ${file} unit ${unit}`));
    }
    // five row groups and an end a file
    expect(begun).toEqual(['file 0 unit 0', 'file 0 unit 1', 'file 0 unit 5', 'file 1 unit 1', 'file 2 unit 1']);
    expect((await build(folder, corpus)).description).toEqual(undisturbed.description);
    const names = undisturbed.description.shards.map(({ name }) => name).sort();
    expect(readdirSync(folder).sort()).toEqual(['dataset.json', ...names]);
  });

  it('fetches only the files from there on, and releases each once', async () => {
    const { paths } = parquetFiles(temporaryFolder(), 4, 230);
    const files = recordedFiles(paths);
    const folder = temporaryFolder();
    await expect(build(folder, failingAfter(fileCorpus({ files }), 8))).rejects.toThrow('pulled the plug');
    files.log.splice(0);
    await build(folder, fileCorpus({ files }));
    expect(files.log.filter((line) => line.startsWith('fetch'))).toEqual(['fetch 1', 'fetch 2', 'fetch 3']);
    expect(files.log.filter((line) => line.startsWith('release'))).toEqual(['release 1', 'release 2', 'release 3']);
  });

  it('continues after a torn journal line', async () => {
    const corpus = await corpusInFiles();
    const undisturbed = await build(temporaryFolder(), corpus);
    const folder = temporaryFolder();
    await expect(build(folder, failingAfter(corpus, 9))).rejects.toThrow();
    appendFileSync(join(folder, '.building', 'journal.jsonl'), '{"file":3,"unit":');
    await expect(build(folder, failingAfter(corpus, 3))).rejects.toThrow();
    expect((await build(folder, corpus)).description).toEqual(undisturbed.description);
  });

  it('is refused with other settings, which are named, and begun anew when it is to', async () => {
    const corpus = await corpusInFiles();
    const folder = temporaryFolder();
    await expect(build(folder, failingAfter(corpus, 9))).rejects.toThrow();
    const journal = readFileSync(join(folder, '.building', 'journal.jsonl'));
    const other = { shardTokens: 30_000, tokens: 50_000 };
    await expect(build(folder, corpus, other)).rejects.toThrow(
      'was begun with other settings (shardTokens was 20000 and is 30000, tokens was not given and is 50000); use the same',
    );
    await expect(build(folder, await corpusInFiles())).rejects.toThrow(/\(filesDigest was \w{16} and is \w{16}\)/);
    expect(readFileSync(join(folder, '.building', 'journal.jsonl'))).toEqual(journal);
    const { description } = await build(folder, corpus, { ...other, overwrite: true });
    expect(description.trainTokens + description.validationTokens).toBe(50_000);
    expect(existsSync(join(folder, '.building'))).toBe(false);
  });

  // a process killed after the shards went and before the journal did would leave a build that nothing can go on with
  it.runIf(process.platform === 'linux')('removes its journal before the rest of its work folder', async () => {
    const corpus = await corpusInFiles();
    const folder = temporaryFolder();
    await expect(build(folder, failingAfter(corpus, 3))).rejects.toThrow();
    const others = Array.from({ length: 100 }, (_, i) => `a_${i}`);
    for (const name of others) writeFileSync(join(folder, '.building', name), '');
    const gone: string[] = [];
    const watcher = watch(join(folder, '.building'), (event, name) => event === 'rename' && gone.push(String(name)));
    await build(folder, corpus);
    await expect.poll(() => gone).toEqual(expect.arrayContaining([...others, 'journal.jsonl']));
    watcher.close();
    expect(gone.find((name) => name === 'journal.jsonl' || others.includes(name))).toBe('journal.jsonl');
  });

  it('leaves nothing when it had not come to anything', async () => {
    const folder = temporaryFolder();
    await expect(build(folder, failingAfter(await corpusInFiles(), 0))).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });
});
