import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { installedMpis, startRanks } from './mpirun.ts';

const PROGRAM = fileURLToPath(new URL('./every-collective.js', import.meta.url));
const SECONDS = 1000;

interface Facts {
  readonly rank: number;
  readonly [name: string]: unknown;
}

describe.each(installedMpis)('over $name', (mpi) => {
  test.each([2, 3, 4])('%i ranks make every collective', { timeout: 120 * SECONDS }, async (size) => {
    const ranks = startRanks(mpi, size, [PROGRAM]);
    expect(await ranks.ended, ranks.output.stderr).toBe(0);
    const all = JSON.parse(ranks.output.stdout) as Facts[];
    const sumOfRanks = (size * (size - 1)) / 2;
    expect(all.map(({ rank }) => rank)).toEqual([...Array(size).keys()]);
    for (const { rank, ...facts } of all) {
      const total = (index: number): number => size * index + 100 * sumOfRanks;
      expect(facts).toEqual({
        size,
        localRank: rank,
        many: Array.from({ length: 50 }, (_, index) => [size * index, sumOfRanks]),
        large: [sumOfRanks + size, sumOfRanks + size, true],
        double: size * 2 ** -40 + sumOfRanks,
        scattered: Array.from({ length: 4 * size }, (_, index) => (Math.floor(index / 4) === rank ? total(index) : 0)),
        gathered: Array.from({ length: size }, (_, each) => [each, each + 10]).flat(),
        sums: [size, sumOfRanks],
        bytes: [size - 1, 7],
        texts: Array.from({ length: size }, (_, each) => 'ä'.repeat(each)),
        empty: Array(size).fill(''),
      });
    }
  });
});

test.skipIf(installedMpis.length > 0)('no MPI is installed, so nothing is tested over one', () => {});
