/** Ranks as processes of their own, each with a GPU of the stand-in, over its NCCL. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cudaEnvironment } from '../../stand-ins/cuda/cuda.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('./every-collective.js', import.meta.url));
const run = promisify(execFile);

interface Ended {
  readonly stdout: string;
  readonly code: number;
}

/** Starts that many ranks as torchrun does, in a world of their own. */
async function start(size: number, ...args: readonly string[]): Promise<Ended[]> {
  const env = {
    ...process.env,
    ...(await cudaEnvironment({ gpus: size })),
    ...{ TMPDIR: temporaryFolder(), NCCL_COMM_ID: '', TORCHELASTIC_RUN_ID: 'test' },
    ...{ WORLD_SIZE: String(size), LOCAL_WORLD_SIZE: String(size), MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500' },
  };
  return Promise.all(
    Array.from({ length: size }, (_, rank) =>
      run(process.execPath, [PROGRAM, ...args], {
        env: { ...env, RANK: String(rank), LOCAL_RANK: String(rank) },
      }).then(
        ({ stdout }) => ({ stdout, code: 0 }),
        (cause: { stdout: string; stderr: string; code: number }) => {
          if (cause.stderr) throw new Error(`rank ${rank}: ${cause.stderr}`);
          return { stdout: cause.stdout, code: cause.code };
        },
      ),
    ),
  );
}

describe('ranks that are processes', () => {
  test.each([2, 3])('%i of them make every collective, with the same bits', async (size) => {
    const [first] = await start(size);
    const ranks = JSON.parse(first?.stdout ?? '');
    const all = Array.from({ length: size }, (_, rank) => rank);
    const total = all.reduce((a, b) => a + b);
    expect(ranks).toHaveLength(size);
    for (const { rank, ...facts } of ranks) {
      expect(facts).toEqual({
        localSize: size,
        many: Array.from({ length: 20 }, (_, index) => [size * index, total]),
        large: ranks[0].large,
        double: [size * 2 ** -40 + total],
        scattered: Array.from({ length: 4 * size }, (_, index) =>
          Math.floor(index / 4) === rank ? size * index + 100 * total : 0,
        ),
        gathered: [true],
        graphed: [(total + size) * size ** 2],
        sums: [size, total],
        bytes: true,
        texts: all.map((each) => 'ä'.repeat(each)),
        empty: all.map(() => ''),
      });
    }
  });

  test('hear of one that dies', async () => {
    const [first, second] = await start(2, 'die');
    expect(second?.code).toBe(7);
    expect(first?.stdout).toMatch(/^rank 0: NCCL failed in a collective: remote process exited/);
  });

  test('hear that they make different collectives', async () => {
    for (const { stdout } of await start(2, 'differ'))
      expect(stdout).toMatch(/^rank \d: NCCL failed in a collective: (invalid usage|remote process exited)/);
  });
});
