import { describe, expect, it, vi } from 'vitest';
import { selectPart } from '#minillm/data/sharding/corpus-parts.js';
import { fileCorpus } from '#minillm/data/sharding/file-corpus.js';

const filesOf = (sizes: number[]) => sizes.map((bytes, index) => ({ name: `${index}.parquet`, bytes }));

const partsOf = (sizes: number[], count: number) =>
  Array.from({ length: count }, (_, index) => selectPart(filesOf(sizes), { index, count }));

describe('the parts of a corpus', () => {
  it.each([
    [[1, 1, 1, 1], 2],
    [[100, 1, 1], 3],
    [[1, 1, 100], 3],
    [[5, 3, 8, 1, 9, 2, 7, 7], 3],
  ])('are all files in order, none in two parts and no part without one: %j in %i', (sizes, count) => {
    const parts = partsOf(sizes, count);
    expect(parts.flat()).toEqual(filesOf(sizes));
    for (const files of parts) expect(files.length).toBeGreaterThan(0);
  });

  it('are about the same size', () => {
    const parts = partsOf(
      Array.from({ length: 1000 }, (_, i) => 50 + ((i * 37) % 101)),
      16,
    );
    const bytes = parts.map((files) => files.reduce((sum, file) => sum + file.bytes, 0));
    expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThan(300);
  });

  it('are refused when there are fewer files', () => {
    expect(() => partsOf([1, 2], 3)).toThrow('expected as many files as parts (3) or more, found 2; ask for fewer');
  });

  it('of a corpus of 15 trillion tokens in 30,000 files are planned in a few megabytes and without a request', () => {
    const sizes = Array.from({ length: 30_000 }, (_, i) => 1_500_000_000 + ((i * 7919) % 1_000_000_000));
    const fetch = vi.fn(async () => '');
    const before = process.memoryUsage().heapUsed;
    const plans = [0, 63, 127].map((index) => {
      const files = selectPart(filesOf(sizes), { index, count: 128 });
      return fileCorpus({ files: { source: 'a test', files, fetch } });
    });
    expect(fetch).not.toHaveBeenCalled();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6);
    const share = sizes.reduce((sum, bytes) => sum + bytes, 0) / 128;
    for (const { bytes } of plans) expect(bytes! / share).toBeCloseTo(1, 1);
  });
});
