import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Hub } from '#minillm/hub/hub.js';
import { checkRepositoryName, type UploadOptions, uploadFiles } from '#minillm/hub/upload/upload.js';
import type { UploadFile } from '#minillm/hub/upload/upload-file.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { FakeHubOptions } from '../fake-hub.ts';
import { noUploads } from '../fake-uploads.ts';
import { fakeHub, hubAt, NEVER, someBytes } from '../hubs.ts';

const TOKEN = 'hf_right';
const WEIGHTS = someBytes(300_000);
const OBJECT = 'model.safetensors';

async function uploading(options: Partial<FakeHubOptions> = {}, kind: 'model' | 'space' = 'model') {
  const uploads = options.uploads ?? noUploads();
  const server = await fakeHub({}, { kind, token: TOKEN, uploads, ...options });
  const weights = join(temporaryFolder(), 'weights');
  writeFileSync(weights, WEIGHTS);
  const files: UploadFile[] = [
    { path: OBJECT, content: { file: weights } },
    { path: 'README.md', content: { bytes: Buffer.from('# A model\n') } },
    { path: 'config.json', content: { bytes: Buffer.from('{}') } },
  ];
  const progress: [bytes: number, total: number][] = [];
  const upload = (hub: Partial<Hub> = {}, isPrivate = false, signal = NEVER, more: Partial<UploadOptions> = {}) =>
    uploadFiles(hubAt(server, { token: TOKEN, ...hub }), { kind, name: 'owner/name' }, files, {
      ...{ isPrivate, signal, title: 'step 5', ...more },
      onProgress: (bytes, total) => progress.push([bytes, total]),
    });
  const stages = () => server.requests.map(({ stage }) => stage);
  return { server, uploads, files, upload, progress, stages, weights };
}

test('files are uploaded as one commit, large ones to storage, without the token', async () => {
  const { server, uploads, upload, progress } = await uploading();
  const result = await upload();
  expect(result).toEqual({
    url: `${server.url}/owner/name`,
    commit: server.commit,
    sent: [OBJECT, 'README.md', 'config.json'],
    unchanged: [],
    removed: [],
  });
  expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
  expect(String(server.files.get('README.md'))).toBe('# A model\n');
  expect([uploads.titles, uploads.isPrivate]).toEqual([['step 5'], false]);
  expect(server.requests.filter(({ stage }) => stage === 'put')).toMatchObject([{ authorization: undefined }]);
  expect(progress.at(-1)).toEqual([WEIGHTS.length, WEIGHTS.length]);
  expect(progress.every(([bytes, total]) => bytes <= total && total === WEIGHTS.length)).toBe(true);
});

test('a large object goes in parts where the hub asks for them', async () => {
  const { server, upload, stages } = await uploading({ uploads: noUploads({ partBytes: 65_536 }) });
  await upload();
  expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
  expect(stages().filter((stage) => stage === 'put')).toHaveLength(5);
});

test('what the repository has is not sent again, and nothing when it has all', async () => {
  const { server, files, upload, stages } = await uploading();
  const first = await upload();
  const before = stages().length;
  expect(await upload()).toMatchObject({ commit: first.commit, sent: [], unchanged: files.map(({ path }) => path) });
  expect(stages().slice(before)).toEqual(['create', 'info', 'tree']);
  files[1] = { path: 'README.md', content: { bytes: Buffer.from('# Another\n') } };
  expect(await upload()).toMatchObject({ sent: ['README.md'], unchanged: [OBJECT, 'config.json'] });
  expect(stages().filter((stage) => stage === 'put')).toHaveLength(1);
  expect(String(server.files.get('README.md'))).toBe('# Another\n');
});

test.each([undefined, 65_536])('a Space is made static and gets its files (parts of %s bytes)', async (partBytes) => {
  const { server, uploads, upload } = await uploading({ uploads: noUploads(partBytes ? { partBytes } : {}) }, 'space');
  expect(await upload()).toMatchObject({ url: `${server.url}/spaces/owner/name`, commit: server.commit });
  expect(uploads.sdk).toBe('static');
  expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
  expect(await upload()).toMatchObject({ sent: [], commit: server.commit });
  await expect(upload({}, true)).rejects.toThrow(`make it private at ${server.url}/spaces/owner/name/settings`);
});

test('files that are replaced go in the same commit, others stay', async () => {
  const { server, uploads, upload } = await uploading();
  await upload();
  for (const path of ['assets/old.js', 'assets/older.js', 'notes.txt']) server.push(path, 'old');
  const isReplaced = (path: string): boolean => !path.endsWith('.txt');
  expect(await upload({}, false, NEVER, { isReplaced })).toMatchObject({
    sent: [],
    removed: ['assets/old.js', 'assets/older.js'],
    commit: server.commit,
  });
  expect([...server.files.keys()]).toEqual([OBJECT, 'README.md', 'config.json', 'notes.txt']);
  expect(uploads.titles).toHaveLength(2);
  expect(await upload({}, false, NEVER, { isReplaced })).toMatchObject({ sent: [], removed: [] });
  expect(uploads.titles).toHaveLength(2);
});

test('a token that may not make repositories writes to one that is there', async () => {
  const { server, upload } = await uploading({
    faults: ({ stage }) => (stage === 'create' ? { kind: 'status', status: 403 } : undefined),
  });
  await upload();
  expect(server.files.size).toBe(3);
});

describe('connections that break', () => {
  test.each([undefined, 65_536])('while an object is sent are made again (parts of %s bytes)', async (partBytes) => {
    const { server, upload, stages, progress } = await uploading({
      uploads: noUploads(partBytes ? { partBytes } : {}),
      faults: ({ stage, attempt }) =>
        stage === 'put' && attempt <= 2 ? { kind: 'cut', after: 30_000 * attempt } : undefined,
    });
    await upload();
    expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
    expect(stages().filter((stage) => stage === 'put').length).toBeGreaterThan(2);
    expect(progress.every(([bytes, total]) => bytes <= total)).toBe(true);
  });

  test.each(['create', 'preupload', 'batch', 'put', 'commit'] as const)(
    'before the answer to %s cost nothing, and there is one commit',
    async (cut) => {
      const { server, uploads, upload } = await uploading({
        faults: ({ stage, attempt }) =>
          stage === cut && attempt === 1 ? { kind: 'cut', after: Number.POSITIVE_INFINITY } : undefined,
      });
      expect((await upload()).commit).toBe(server.commit);
      expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
      expect(uploads.titles).toHaveLength(1);
    },
  );

  test.each(['create', 'preupload', 'batch', 'put', 'commit'] as const)(
    '%s: a busy hub is asked again',
    async (busy) => {
      const reasons: string[] = [];
      const { upload, uploads } = await uploading({
        faults: ({ stage, attempt }) =>
          stage === busy && attempt === 1
            ? { kind: 'status', status: 503, headers: { 'retry-after': '0' } }
            : undefined,
      });
      await upload({ onWait: (reason) => reasons.push(reason) });
      expect(reasons).toEqual([expect.stringContaining('answers 503')]);
      expect(uploads.titles).toHaveLength(1);
    },
  );

  test('silent ones are broken off', async () => {
    const { upload, uploads } = await uploading({
      faults: ({ stage, attempt }) => (stage === 'put' && attempt === 1 ? { kind: 'silence', after: 0 } : undefined),
    });
    const patience = { tries: 4, firstWaitMilliseconds: 1, silenceMilliseconds: 500 };
    const reasons: string[] = [];
    await upload({ patience, onWait: (reason) => reasons.push(reason) });
    expect(reasons).toContain('nothing moved for 0.5 s');
    expect(uploads.titles).toHaveLength(1);
  });

  test('too often end the upload; started again it does not send what had arrived', async () => {
    const { server, upload, stages, uploads } = await uploading({
      faults: ({ stage, attempt }) => (stage === 'commit' && attempt <= 4 ? { kind: 'cut', after: 1 } : undefined),
    });
    await expect(upload()).rejects.toThrow(
      /^owner\/name: .*, 4 times in a row; start it again later; what has been uploaded is kept$/,
    );
    expect(server.files.size).toBe(0);
    await upload();
    expect(stages().filter((stage) => stage === 'put')).toHaveLength(1);
    expect(uploads.titles).toHaveLength(1);
    expect(server.files.get(OBJECT)?.equals(WEIGHTS)).toBe(true);
  });

  test('a hub that is not there is said to be', async () => {
    const { server, upload } = await uploading();
    await server.close();
    await expect(upload()).rejects.toThrow(/http:.* cannot be reached; check the network \(or HF_ENDPOINT\)/);
  });

  test('an upload that is stopped ends at once with the reason', async () => {
    const abort = new AbortController();
    const { upload } = await uploading({
      faults: ({ stage }) => {
        if (stage !== 'put') return undefined;
        abort.abort(new Error('asked to stop'));
        return { kind: 'silence', after: 0 };
      },
    });
    await expect(upload({}, false, abort.signal)).rejects.toThrow('asked to stop');
  });
});

describe('what is refused', () => {
  test('no token', async () => {
    const { upload, server, stages } = await uploading();
    await expect(uploadFiles(hubAt(server), { kind: 'model', name: 'owner/name' }, [], options())).rejects.toThrow(
      `owner/name: expected a token of the hub, found none; make one with write access at ${server.url}/settings/tokens and set HF_TOKEN to it`,
    );
    await expect(upload({ isOffline: true })).rejects.toThrow('HF_HUB_OFFLINE is set; unset it to upload');
    expect(stages()).toEqual([]);
  });

  test('a token that the hub does not know', async () => {
    const { upload } = await uploading();
    await expect(upload({ token: 'hf_wrong' })).rejects.toThrow('owner/name: the hub does not accept the token');
  });

  test("another owner's name", async () => {
    const { server } = await uploading();
    await expect(
      uploadFiles(hubAt(server, { token: TOKEN }), { kind: 'model', name: 'other/name' }, [], options()),
    ).rejects.toThrow('other/name: the token may not write there; check the owner');
  });

  test('what the hub finds wrong, in its own words', async () => {
    const { upload, uploads } = await uploading({
      faults: ({ stage }) => {
        if (stage === 'commit') uploads.objects.clear();
        return undefined;
      },
    });
    await expect(upload()).rejects.toThrow(
      `owner/name: the hub answers 400: LFS pointer pointed to a file that does not exist: ${OBJECT}`,
    );
  });

  test('--private for a repository that is public', async () => {
    const { upload, uploads, server } = await uploading();
    await upload();
    await expect(upload({}, true)).rejects.toThrow(
      'owner/name: --private was given, and the repository is public already',
    );
    const other = await uploading();
    await other.upload({}, true);
    expect([other.uploads.isPrivate, uploads.isPrivate]).toEqual([true, false]);
    expect(server.files.size).toBe(3);
  });

  test('a repository that somebody else changes meanwhile', async () => {
    let change = (): void => {};
    const { upload, server, uploads } = await uploading({
      faults: ({ stage }) => {
        if (stage === 'commit') change();
        return undefined;
      },
    });
    change = () => server.push('README.md', 'of somebody else');
    await expect(upload()).rejects.toThrow('owner/name: somebody else has changed it meanwhile; look at');
    expect(String(server.files.get('README.md'))).toBe('of somebody else');
    expect(uploads.titles).toEqual([]);
  });

  test.each(['name', 'a/b/c', '/b', 'a/', 'a/b c', 'a/..', 'a/b--c', 'a/b.git', `a/${'b'.repeat(95)}`, 'a/-b'])(
    'the name %j',
    (name) => {
      expect(() => checkRepositoryName(name)).toThrow(/^expected OWNER\/NAME, of letters.*, found /);
    },
  );

  test('no name that the hub takes', () => {
    for (const name of ['a/b', 'Owner-1/My_model.v2', 'a/b-c-d']) expect(() => checkRepositoryName(name)).not.toThrow();
  });
});

const options = () => ({ isPrivate: false, title: 'x', signal: NEVER });
