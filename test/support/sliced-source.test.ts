import { expect, test } from 'vitest';
import { SLICE_BYTES, SlicedSource, type Slices } from '#minillm/support/sliced-source.js';

/** Two slices and a bit. */
const FILE = Uint8Array.from({ length: 2 * SLICE_BYTES + 1000 }, (_, index) => (index * 7) ^ (index >> 11));

function slicesOfFile() {
  const asked: number[] = [];
  const slices: Slices = {
    ...{ name: 'file', size: FILE.length, close: async () => {} },
    async read(index, onArrived) {
      asked.push(index);
      const slice = FILE.slice(index * SLICE_BYTES, (index + 1) * SLICE_BYTES);
      for (const part of [0.5, 1]) onArrived(Math.floor(part * slice.length));
      return slice;
    },
  };
  return { asked, slices };
}

async function isRight(source: SlicedSource, start: number, length: number): Promise<boolean> {
  const target = new Uint8Array(length);
  await source.read(start, target);
  return Buffer.compare(target, FILE.subarray(start, start + length)) === 0;
}

test('reads what is asked for, also across slices', async () => {
  const source = new SlicedSource(slicesOfFile().slices);
  expect(source).toMatchObject({ name: 'file', size: FILE.length });
  for (const [start, length] of [
    [3, 10],
    [SLICE_BYTES - 5, SLICE_BYTES + 20],
    [FILE.length - 1, 1],
    [0, FILE.length],
  ] as const)
    expect(await isRight(source, start, length)).toBe(true);
  await expect(source.read(FILE.length, new Uint8Array(1))).rejects.toThrow(RangeError);
});

test('a slice is read once, however many reads it serves, and the next one ahead', async () => {
  const { asked, slices } = slicesOfFile();
  const source = new SlicedSource(slices);
  for (let start = 0; start < 1000; start += 100) await isRight(source, start, 100);
  await expect.poll(() => asked).toEqual([0, 1]);
  await isRight(source, SLICE_BYTES, 10);
  await expect.poll(() => asked).toEqual([0, 1, 2]);
});

test('progress grows to the size of the file', async () => {
  const progress: number[] = [];
  const source = new SlicedSource(slicesOfFile().slices, (loaded) => progress.push(loaded));
  // the first slice again at last, which counts once
  for (const start of [0, SLICE_BYTES, 2 * SLICE_BYTES, 0]) await isRight(source, start, 1000);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(FILE.length);
});

test('a slice that fails is read again when it is asked for again', async () => {
  const { slices } = slicesOfFile();
  let fails = 1;
  const source = new SlicedSource({
    ...slices,
    read: async (...args) => {
      if (fails-- > 0) throw new Error('cut');
      return slices.read(...args);
    },
  });
  await expect(isRight(source, 0, 10)).rejects.toThrow('cut');
  expect(await isRight(source, 0, 10)).toBe(true);
});
