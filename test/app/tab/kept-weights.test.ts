import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { KeptSlices, KeptWeights, type SliceStorage } from '#minillm/app/tab/kept-weights.js';
import type { Slices } from '#minillm/support/sliced-source.js';

const PARTS = ['once', 'upon'].map((text) => new TextEncoder().encode(text));
const SHA256 = PARTS.map((part) => createHash('sha256').update(part).digest('hex'));

class Storage implements SliceStorage {
  readonly slices = new Map<string, Uint8Array<ArrayBuffer>>();
  get = async (sha256: string) => this.slices.get(sha256);
  put = async (sha256: string, slice: Uint8Array<ArrayBuffer>) => void this.slices.set(sha256, slice);
  retain = async (sha256: ReadonlySet<string>) => {
    for (const key of this.slices.keys()) if (!sha256.has(key)) this.slices.delete(key);
  };
}

function file(parts = PARTS) {
  const asked: number[] = [];
  const slices: Slices = {
    ...{ name: 'model.safetensors', size: 8, close: async () => {} },
    async read(index) {
      asked.push(index);
      return parts[index] ?? new Uint8Array(0);
    },
  };
  return { asked, slices };
}

/** What a visit reads of a file that is behind an address. */
async function visit(storage: SliceStorage, sha256 = SHA256) {
  const { asked, slices } = file();
  const kept = new KeptWeights(storage);
  await kept.retain(new Set(sha256));
  const both = new KeptSlices(slices, sha256, kept);
  const read = [await both.read(0, () => {}), await both.read(1, () => {})];
  return { asked, read, isKept: both.isKept, said: kept.describe() };
}

test('the first visit reads and keeps, the second reads nothing', async () => {
  const storage = new Storage();
  const first = await visit(storage);
  expect(first).toMatchObject({ asked: [0, 1], read: PARTS, isKept: false });
  expect(first.said).toMatch(/^Their weights \(.+\) are in this browser's cache now/);
  const second = await visit(storage);
  expect(second).toMatchObject({ asked: [], read: PARTS, isKept: true });
  expect(second.said).toMatch(/ came from this browser's cache$/);
});

test('what a visit that ended early has kept is not read again', async () => {
  const storage = new Storage();
  await visit(storage);
  storage.slices.delete(SHA256[1] ?? '');
  expect(await visit(storage)).toMatchObject({ asked: [1], read: PARTS, isKept: false });
});

test('of a site that has changed the old weights are deleted', async () => {
  const storage = new Storage();
  storage.slices.set('old', new Uint8Array(1));
  await visit(storage);
  expect([...storage.slices.keys()]).toEqual(SHA256);
});

test('weights that are not those of the site are refused, and not kept', async () => {
  const storage = new Storage();
  const [first = '', second = ''] = SHA256;
  await expect(visit(storage, [second, first])).rejects.toThrow(
    /^model\.safetensors: expected the weights that the site was made with, found others; load the page again/,
  );
  expect(storage.slices.size).toBe(0);
});

test('a storage that refuses is not asked again, and the weights are read as without it', async () => {
  const storage = new Storage();
  let refusals = 0;
  storage.put = async () => {
    refusals++;
    throw new Error('Quota exceeded.');
  };
  const { read, said } = await visit(storage);
  expect([read, refusals]).toEqual([PARTS, 1]);
  expect(said).toMatch(/are not all kept for the next visit: .* cannot be used \(Quota exceeded\.\)$/);
  storage.get = async () => {
    throw new Error('The operation is insecure.');
  };
  expect((await visit(storage)).read).toEqual(PARTS);
});
