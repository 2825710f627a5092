import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { findRepository, listFilesIn } from '#minillm/hub/repository.js';
import { filesOfSubset } from '#minillm/hub/subset.js';
import { fakeHub, hubAt, NEVER, repositoryAt } from './hubs.ts';

test('a branch is a commit from then on, and every further request names it', async () => {
  const server = await fakeHub({ 'a.parquet': 'a' });
  const hub = hubAt(server);
  const repository = await repositoryAt(hub);
  expect(repository.commit).toBe(server.commit);
  await listFilesIn(hub, repository, '', NEVER);
  expect(server.requests.map(({ stage }) => stage)).toEqual(['info', 'tree']);
});

test('a commit that could lead out of the cache is refused', async () => {
  const server = await fakeHub({ 'a.parquet': 'a' }, { commit: '../../../elsewhere' });
  await expect(repositoryAt(hubAt(server))).rejects.toThrow(
    /expected a commit from .*, found \.\.\/\.\.\/\.\.\/elsewhere/,
  );
});

test("files come with their size and the sha256 of large file storage, or git's own checksum", async () => {
  const server = await fakeHub({ 'b.parquet': 'bb', 'a.json': '{}' });
  const hub = hubAt(server);
  const sha256 = createHash('sha256').update('bb').digest('hex');
  expect(await listFilesIn(hub, await repositoryAt(hub), '', NEVER)).toEqual([
    // git hash-object of a file that holds {}
    { path: 'a.json', bytes: 2, checksum: { algorithm: 'git-sha1', hex: '9e26dfeeb6e641a33dae4961196235bdb965b21b' } },
    { path: 'b.parquet', bytes: 2, checksum: { algorithm: 'sha256', hex: sha256 } },
  ]);
});

test('a listing of 40,000 files in pages is planned in seconds and little memory', async () => {
  const listedOnly = Array.from({ length: 40_000 }, (_, index) => ({
    path: `data/CC-MAIN-${2013 + (index % 12)}-${10 + (index % 40)}/train-${String(index).padStart(5, '0')}.parquet`,
    size: 2_147_483_648,
    sha256: createHash('sha256').update(String(index)).digest('hex'),
  }));
  const server = await fakeHub({}, { listedOnly, repository: 'HuggingFaceFW/fineweb' });
  const hub = hubAt(server);
  const start = process.cpuUsage();
  const before = process.memoryUsage().rss;
  const repository = await findRepository(hub, { kind: 'dataset', name: 'HuggingFaceFW/fineweb' }, { signal: NEVER });
  const files = await filesOfSubset(hub, repository, { textFiles: () => true, signal: NEVER });
  const { user, system } = process.cpuUsage(start);
  expect(files.length).toBe(40_000);
  expect(server.requests.filter(({ stage }) => stage === 'tree').length).toBeGreaterThan(40);
  // of this process, in which the server is too
  expect((user + system) / 1e6).toBeLessThan(10);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

test('pages that fail or break are asked for again', async () => {
  const files = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`${index + 10}.parquet`, 'x']));
  const server = await fakeHub(files, {
    pageSize: 10,
    faults: ({ stage, attempt }) => {
      if (stage !== 'tree') return undefined;
      if (attempt === 2) return { kind: 'status', status: 502 };
      return attempt === 4 ? { kind: 'cut', after: 100 } : undefined;
    },
  });
  const hub = hubAt(server);
  const listed = await listFilesIn(hub, await repositoryAt(hub), '', NEVER);
  expect(listed.map(({ path }) => path)).toEqual(Object.keys(files));
  expect(server.requests.filter(({ stage }) => stage === 'tree').length).toBe(5);
});

test('an answer that is no JSON is an error of the hub, not a defect', async () => {
  const server = await fakeHub({}, { faults: () => ({ kind: 'short', after: 1 }) });
  await expect(repositoryAt(hubAt(server))).rejects.toThrow(/expected JSON from http.*found "{"/);
});

test('the error for an unknown data set lists those of its owner', async () => {
  const server = await fakeHub({}, { repository: 'owner/fineweb-edu' });
  const find = findRepository(hubAt(server), { kind: 'dataset', name: 'owner/fineweb-eda' }, { signal: NEVER });
  await expect(find).rejects.toThrow(
    'owner/fineweb-eda: revision main: the hub knows no such name, or it is private; check the name, or set HF_TOKEN',
  );
  await expect(find).rejects.toThrow('did you mean owner/fineweb-edu? There are owner/fineweb-edu');
});

test('an unknown revision is named', async () => {
  const server = await fakeHub({});
  const revision = 'v9';
  await expect(
    findRepository(hubAt(server), { kind: 'dataset', name: 'owner/name' }, { revision, signal: NEVER }),
  ).rejects.toThrow('owner/name: revision v9: the hub has none (RevisionNotFound)');
});

test('a name that is none is not sent anywhere', async () => {
  const server = await fakeHub({});
  for (const name of ['a/b/c', '../x', 'a b/c', ''])
    await expect(findRepository(hubAt(server), { kind: 'dataset', name }, { signal: NEVER })).rejects.toThrow(
      'expected a name on the hub, OWNER/NAME, found',
    );
  expect(server.requests).toEqual([]);
});

test('without a network the error says so', async () => {
  const hub = hubAt({ url: 'http://hub.invalid' });
  await expect(repositoryAt(hub)).rejects.toThrow(
    /^owner\/name: revision main: getaddrinfo \w+ hub\.invalid, 4 times in a row; http:\/\/hub\.invalid cannot be reached; check the network/,
  );
});

test('paths that lead out of a folder are refused', async () => {
  const listedOnly = [{ path: '../../evil.parquet', size: 1, sha256: '0'.repeat(64) }];
  const server = await fakeHub({}, { listedOnly });
  const hub = hubAt(server);
  await expect(listFilesIn(hub, await repositoryAt(hub), '', NEVER)).rejects.toThrow('lists a file with the path');
});
