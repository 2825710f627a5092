import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { download } from '#minillm/hub/download.js';
import { fillDisk, smallDisk } from '../support/small-disk.ts';
import { fakeHub, hubAt, listed, NEVER, repositoryAt, someBytes } from './hubs.ts';

const NAME = 'one.parquet';
const CONTENT = someBytes(3_000_000);

test('a file that does not fit is refused before it is begun, saying how much is needed', async (context) => {
  const disk = smallDisk(context, 8);
  const empty = fillDisk(disk, 1_000_000);
  const server = await fakeHub({ [NAME]: CONTENT });
  const hub = hubAt(server);
  const repository = await repositoryAt(hub);
  const run = () => download(hub, repository, listed(NAME, CONTENT), join(disk, NAME), { signal: NEVER });
  await expect(run()).rejects.toThrow(
    /^owner\/name: one\.parquet: 3\.00 MB are needed in .*, 9\d\d kB are free; make room or choose another place/,
  );
  expect(server.requests.some(({ stage }) => stage === 'bytes')).toBe(false);
  empty();
  await run();
  expect(readFileSync(join(disk, NAME)).equals(CONTENT)).toBe(true);
});

test('a disk that fills up meanwhile is reported, and the download continues later', async (context) => {
  const disk = smallDisk(context, 8);
  const server = await fakeHub(
    { [NAME]: CONTENT },
    {
      faults: ({ stage, attempt }) =>
        stage === 'bytes' && attempt === 1 ? { kind: 'trickle', bytes: 300_000, milliseconds: 100 } : undefined,
    },
  );
  const hub = hubAt(server);
  const repository = await repositoryAt(hub);
  let empty: (() => void) | undefined;
  const onProgress = (bytes: number): void => {
    if (bytes > 900_000) empty ??= fillDisk(disk, 400_000);
  };
  const run = () => download(hub, repository, listed(NAME, CONTENT), join(disk, NAME), { signal: NEVER, onProgress });
  await expect(run()).rejects.toThrow(/3\.00 MB are needed in .*what has been downloaded is kept/);
  const kept = statSync(join(disk, `${NAME}.partial`)).size;
  expect(kept).toBeGreaterThan(900_000);
  empty?.();
  await run();
  expect(readFileSync(join(disk, NAME)).equals(CONTENT)).toBe(true);
  expect(server.requests.filter(({ stage }) => stage === 'bytes').at(-1)?.range).toBe(`bytes=${kept}-`);
});
