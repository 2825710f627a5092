/** @file A disk that becomes full under a build: it says what it needs, and goes on once there is room. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildDataset } from '#minillm/data/sharding/build-dataset.js';
import { fileCorpus } from '#minillm/data/sharding/file-corpus.js';
import { localFiles } from '#minillm/data/sharding/local-files.js';
import { fillDisk, smallDisk } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { parquetFiles } from '../documents/parquet-files.ts';

test('a disk that becomes full keeps what is done; the same build goes on when there is room', async (context) => {
  const disk = smallDisk(context, 4);
  const { paths } = parquetFiles(temporaryFolder(), 3, 200);
  const files = await localFiles(paths);
  const build = (folder: string) =>
    buildDataset({ folder, corpus: fileCorpus({ files }), workers: 1, shardTokens: 20_000 });
  const whole = await build(temporaryFolder());
  const bytes = 2 * (whole.description.trainTokens + whole.description.validationTokens);
  const makeRoom = fillDisk(disk, Math.round(bytes / 2));
  const folder = join(disk, 'shards');
  await expect(build(folder)).rejects.toThrow(
    /shards: the disk is full; the shards need about [\d.]+ kB more, .* are free; make room, then run the same command again to continue after the \d+,\d+ tokens already written/,
  );
  await expect(build(folder), 'while it is still full').rejects.toThrow('the disk is full');
  makeRoom();
  expect((await build(folder)).description).toEqual(whole.description);
});
