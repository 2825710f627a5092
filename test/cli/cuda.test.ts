/** The command line with a GPU: a played one, whose kernels are interpreted; and what it says where something is missing. */

import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { cudaEnvironment, type GpuOptions, hasStandIn } from '../stand-ins/cuda/cuda.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { fixtureTraining } from './fixture-run.js';
import { minillm, type Outcome } from './minillm.js';
import { TINY, tinyData } from './tiny-data.js';

const { folder, data } = tinyData();
const MODEL = join(folder, 'model');
const SAMPLE = ['sample', '--checkpoint', MODEL, '--prompt', 'The fox', '--tokens', '12', '--seed', '3'];
const NOWHERE = '/nowhere/library.so';
/** Of a run on the played GPU: a checkpoint after two, and one step more. */
const STEPS = 3;
const LAST = 'step-00000003';

beforeAll(async () => {
  const { stderr } = await minillm('train', '--data', data, '--out', MODEL, ...TINY, '--steps', '1', '--device', 'cpu');
  expect(stderr).toBe('');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function withGpus(options: GpuOptions = {}): Promise<void> {
  for (const [name, value] of Object.entries(await cudaEnvironment(options))) vi.stubEnv(name, value);
}

/** What `sample` says of its speed goes. */
const withoutRate = (stderr: string): string => stderr.replace(/^\d+ tokens in .*\n/m, '');

/** The step lines of a run without what depends on time. */
const losses = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => /^step \d+ \| loss/.test(line))
    .map((line) => line.replace(/ \| dt:.*/, ''));

describe('without a GPU', () => {
  test('auto is the CPU, without a word', async () => {
    vi.stubEnv('MINILLM_CUDA_DRIVER', NOWHERE);
    const { code, stderr } = await minillm(...SAMPLE);
    expect([code, withoutRate(stderr)]).toEqual([0, '']);
  });

  test('cuda is one line that says what is missing', async () => {
    vi.stubEnv('MINILLM_CUDA_DRIVER', NOWHERE);
    const { code, stdout, stderr } = await minillm(...SAMPLE, '--device', 'cuda');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^minillm: expected the library \/nowhere\/library\.so, as MINILLM_CUDA_DRIVER says.*; it comes with NVIDIA's driver.*\n$/,
    );
  });

  test('a device that does not exist is one line that says which do', async () => {
    const { code, stderr } = await minillm(...SAMPLE, '--device', 'tpu');
    expect(code).toBe(2);
    expect(stderr).toContain('Expected auto, cpu, cuda, cuda:N for a certain GPU, or wasm.');
  });
});

describe('a GPU that cannot be used', () => {
  test('without NVRTC: auto says so once and takes the CPU, cuda fails', async () => {
    await withGpus();
    vi.stubEnv('MINILLM_NVRTC', NOWHERE);
    const auto = await minillm(...SAMPLE);
    expect(auto.code).toBe(0);
    expect(withoutRate(auto.stderr)).toMatch(
      /^minillm: Stand-in GPU is not used: expected the library .*; install it \(pip .*\n$/,
    );
    const { code, stderr } = await minillm(...SAMPLE, '--device', 'cuda');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: expected the library .*install it \(pip .*\n$/);
  });

  test.each<[string, GpuOptions, RegExp]>([
    ['too old', { computeCapability: 75 }, /^minillm: Stand-in GPU is not used: expected a GPU of compute .*7\.5\n$/],
    [
      'with a driver that is too old',
      { driverVersion: 11080 },
      /^minillm: no GPU is used: expected a CUDA driver .*\n$/,
    ],
    ['none', { gpus: 0 }, /^$/],
  ])('auto takes the CPU where the GPU is %s', async (_, options, said) => {
    await withGpus(options);
    const { code, stderr } = await minillm(...SAMPLE);
    expect(code).toBe(0);
    expect(withoutRate(stderr)).toMatch(said);
  });

  test('more ranks than GPUs are one line, though a single GPU is shown', async () => {
    await withGpus();
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0');
    const run = join(temporaryFolder(), 'run');
    const training = ['train', '--data', data, '--out', run, ...TINY, '--steps', '1'];
    const { code, stderr } = await minillm(...training, '--device', 'cuda', '--processes', '2');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: --processes 2 needs 2 GPUs, found 1 .*give at most 1, .*\n$/);
  });

  test.each<[string, GpuOptions, string, RegExp]>([
    [
      'a driver that is too old',
      { driverVersion: 11080 },
      'cuda',
      /expected a CUDA driver for CUDA 12\.0 or newer, found one for 11\.8/,
    ],
    [
      'one that is too old',
      { computeCapability: 75 },
      'cuda',
      /expected a GPU of compute capability 8\.0 .*found Stand-in GPU, which has 7\.5/,
    ],
    ['one that is not there', {}, 'cuda:3', /expected a GPU cuda:3, found 1 \(cuda:0\)/],
    ['none', { gpus: 0 }, 'cuda', /no CUDA-capable device/],
  ])('%s is one line', async (_, options, device, message) => {
    await withGpus(options);
    const { code, stdout, stderr } = await minillm(...SAMPLE, '--device', device);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe.skipIf(!hasStandIn)('on a GPU', () => {
  /** By precision. */
  const lossesOfOne = new Map<string, string[]>();

  test.each([
    ['greedy', ['--temperature', '0']],
    ['by a seed', ['--temperature', '0.8', '--top-k', '20', '--count', '2']],
  ])('sample writes what the CPU writes, %s', async (_, flags) => {
    await withGpus();
    const written = async (device: string): Promise<string> => {
      const { code, stdout, stderr } = await minillm(...SAMPLE, ...flags, '--device', device);
      expect([code, withoutRate(stderr)]).toEqual([0, '']);
      return stdout;
    };
    expect(await written('cuda:0')).toBe(await written('cpu'));
  });

  test('auto takes the GPU', async () => {
    await withGpus();
    const run = join(temporaryFolder(), 'run');
    const { stdout } = await minillm(...(await fixtureTraining(run, 1)));
    expect(stdout).toMatch(/^device: Stand-in GPU, 4\.29 GB, CUDA 13\.0/m);
  });

  test.each(['fp32', 'bf16'])(
    'a run in %s that is resumed has the losses and the bits of one that was not',
    async (precision) => {
      await withGpus();
      const folder = temporaryFolder();
      const [whole, halves] = [join(folder, 'whole'), join(folder, 'halves')];
      const more = ['--device', 'cuda:0', '--precision', precision, '--checkpoint-every', '2'];
      const training = await fixtureTraining(whole, STEPS);
      const once = await minillm(...training, ...more);
      expect(losses(once.stdout)).toHaveLength(STEPS);
      lossesOfOne.set(precision, losses(once.stdout));
      cpSync(whole, halves, { recursive: true });
      rmSync(join(halves, LAST), { recursive: true });
      const resumed = await minillm(...training.map((each) => (each === whole ? halves : each)), ...more);
      expect(losses(resumed.stdout)).toEqual(losses(once.stdout).slice(2));
      const weights = (run: string): Buffer => readFileSync(join(run, LAST, 'model.safetensors'));
      expect(weights(halves).equals(weights(whole))).toBe(true);
    },
    600_000,
  );

  test.each([
    ['fp32', []],
    ['bf16', ['--zero', '1']],
  ])(
    'two ranks, each with a GPU, have the losses of one: %s %s',
    async (precision, flags) => {
      await withGpus({ gpus: 2 });
      const folder = temporaryFolder();
      const one = await fixtureTraining(join(folder, 'one'), STEPS);
      const two = one.map((each) => (each === join(folder, 'one') ? join(folder, 'two') : each));
      const more = ['--device', 'cuda', '--precision', precision, '--checkpoint-every', '0'];
      const expected = lossesOfOne.get(precision) ?? losses((await minillm(...one, ...more)).stdout);
      const world = { WORLD_SIZE: '2', LOCAL_WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500' };
      for (const [name, value] of Object.entries(world)) vi.stubEnv(name, value);
      vi.stubEnv('TMPDIR', folder); // where the stand-in's ranks meet
      const ranks = ['0', '1'].map((rank) => {
        vi.stubEnv('RANK', rank);
        vi.stubEnv('LOCAL_RANK', rank);
        return minillm(...two, ...more, ...flags);
      });
      const [first, second] = await Promise.all(ranks);
      expect([first?.code, second?.code], `${first?.stderr}${second?.stderr}`).toEqual([0, 0]);
      expect(first?.stdout).toMatch(/^device: 2 ranks, each Stand-in GPU/m);
      const lossOf = (line: string): number => Number(/loss: (\S+)/.exec(line)?.[1]);
      const actual = losses(first?.stdout ?? '');
      expect(actual).toHaveLength(STEPS);
      for (const [index, line] of actual.entries())
        expect(lossOf(line)).toBeCloseTo(lossOf(expected[index] ?? ''), precision === 'fp32' ? 4 : 2);
    },
    600_000,
  );

  test('memory that is short is one line, with how much there is', async () => {
    await withGpus({ memoryBytes: 34_000_000 });
    const run = join(temporaryFolder(), 'run');
    const { code, stderr } = await minillm(...(await fixtureTraining(run, 1)), '--device', 'cuda', '--batch-size', '2');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: .*(needs|refused) .*(MB|GB).*\n$/);
  });

  test('doctor shows GPUs and libraries, and builds their kernels', async () => {
    await withGpus({ gpus: 2 });
    vi.stubEnv('NCCL_HOME', '/nowhere');
    const { code, stdout } = await minillm('doctor');
    expect(stdout).toMatch(/^ok {6}CUDA driver: for CUDA 13\.0, \//m);
    expect(stdout).toMatch(/^ok {6}cuda:1: Stand-in GPU, 4\.29 GB, compute capability 9\.0$/m);
    expect(stdout).toMatch(/^ok {6}NVRTC: 1[23]\.\d+, \//m);
    expect(stdout).toMatch(/NCCL: none, so no training on several GPUs: expected libnccl\.so\.2 in/);
    expect(code).toBe(1);
    vi.stubEnv('MINILLM_STANDIN_GPUS', '1');
    const one = await minillm('doctor', '--build');
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^ok {6}GPU kernels: \d+ for compute capability 9\.0 in fp32 and bf16 are ready after/m);
  }, 600_000);
});

describe.skipIf(!hasStandIn)('ranks on GPUs', () => {
  let one: Promise<Outcome> | undefined;
  const training = async (run: string, steps: number): Promise<string[]> => [
    ...(await fixtureTraining(run, steps)),
    ...['--device', 'cuda', '--batch-size', '1', '--checkpoint-every', '2'],
  ];

  test.each(['0', '1'])(
    'two of them, ZeRO %s, have the losses of one to rounding, and resume with the same bits',
    async (zero) => {
      await withGpus({ gpus: 2 });
      const folder = temporaryFolder();
      const [alone, both, halves] = ['alone', 'both', 'halves'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const command = await training(both, STEPS);
      const at = (out: string): string[] => command.map((each) => (each === both ? out : each));
      one ??= minillm(...at(alone));
      const { stdout } = await one;
      const two = await minillm(...command, '--processes', '2', '--zero', zero);
      expect([two.code, two.stderr]).toEqual([0, '']);
      const numbers = (stdout: string): number[] =>
        losses(stdout).map((line) => Number(/loss: ([\d.]+)/.exec(line)?.[1]));
      expect(numbers(two.stdout)).toHaveLength(STEPS);
      expect(numbers(stdout)).toHaveLength(STEPS);
      numbers(stdout).forEach((loss, step) => {
        expect(numbers(two.stdout)[step]).toBeCloseTo(loss, 4);
      });
      cpSync(both, halves, { recursive: true });
      rmSync(join(halves, LAST), { recursive: true });
      const resumed = await minillm(...at(halves), '--processes', '2', '--zero', zero);
      expect(losses(resumed.stdout)).toEqual(losses(two.stdout).slice(2));
    },
    600_000,
  );

  test('more of them than GPUs are one line', async () => {
    await withGpus({ gpus: 1 });
    const { code, stderr } = await minillm(...(await training(join(temporaryFolder(), 'run'), 1)), '--processes', '2');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^minillm: expected a GPU for each rank, found 1 GPU and at least 2 ranks on this machine; .*\n$/,
    );
  });

  test('without NCCL each says what to install, once', async () => {
    await withGpus({ gpus: 2 });
    vi.stubEnv('NCCL_HOME', '/nowhere');
    const { code, stderr } = await minillm(...(await training(join(temporaryFolder(), 'run'), 1)), '--processes', '2');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: expected libnccl\.so\.2 in .*; install it \(pip install nvidia-nccl/m);
  }, 600_000);
});
