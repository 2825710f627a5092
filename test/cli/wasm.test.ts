import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.ts';
import { TINY, tinyData } from './tiny-data.ts';

const { folder, data } = tinyData();

beforeEach(() => {
  vi.stubEnv('MINILLM_CUDA_DRIVER', '/nowhere');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const train = (out: string, ...flags: string[]) =>
  minillm('train', '--data', data, '--out', join(folder, out), ...TINY, '--steps', '2', ...flags);

const losses = (stdout: string): number[] =>
  [...stdout.matchAll(/^step \d+ \| loss: ([\d.]+)/gm)].map(([, loss]) => Number(loss));

describe('ranks cannot run as WebAssembly', () => {
  test('--processes says so, and what else to do', async () => {
    const { code, stderr } = await train('processes', '--device', 'wasm', '--processes', '2');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: --processes starts ranks, which WebAssembly cannot be; .*--device cpu\n$/);
  });

  test('nor can one that a launcher has started', async () => {
    vi.stubEnv('RANK', '0');
    vi.stubEnv('WORLD_SIZE', '2');
    vi.stubEnv('LOCAL_RANK', '0');
    vi.stubEnv('MASTER_ADDR', '127.0.0.1');
    vi.stubEnv('MASTER_PORT', '29500');
    const { code, stderr } = await train('ranks', '--device', 'wasm');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: expected ranks on CPUs or GPUs, found 2 that torchrun started and WebAssembly/);
  });
});

test('without a compiler a model is trained, scored and sampled as with one', async () => {
  const native = await train('native');
  vi.stubEnv('CC', '');
  vi.stubEnv('PATH', temporaryFolder());
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  const { code, stdout, stderr } = await train('wasm');
  expect(code, stderr).toBe(0);
  expect(stderr.match(/run as WebAssembly/g)).toHaveLength(1);
  expect(stdout).toMatch(/^device: WebAssembly, 2 threads, /m);
  // sums in another order, in fp32
  const found = losses(stdout);
  losses(native.stdout).forEach((loss, step) => {
    expect(found[step]).toBeCloseTo(loss, 4);
  });
  expect(found).toHaveLength(2);

  const checkpoint = ['--checkpoint', join(folder, 'wasm'), '--threads', '2'];
  const sample = await minillm('sample', ...checkpoint, '--prompt', 'On day', '--tokens', '4');
  expect([sample.code, sample.stdout.startsWith('On day')], sample.stderr).toEqual([0, true]);
  const evaluation = await minillm(
    'eval',
    ...checkpoint,
    '--data',
    data,
    '--sequence-length',
    '32',
    '--device',
    'wasm',
  );
  expect(evaluation.code, evaluation.stderr).toBe(0);
  expect(evaluation.stderr).not.toContain('compiler');
});
