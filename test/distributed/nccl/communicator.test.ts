import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openNccl } from '#minillm/distributed/nccl/communicator.js';
import type { RankCommunicator } from '#minillm/distributed/rank-communicator.js';
import { COLLECTIVES, type Collective, ELEMENT_TYPES } from '#minillm/engine/runtime/communicator.js';
import { type Gpu, type Gpus, ncclHome, openGpus } from '../../stand-ins/gpus.js';

beforeEach(async () => {
  vi.stubEnv('NCCL_HOME', await ncclHome());
  vi.stubEnv('NCCL_COMM_ID', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const BEGIN = koffi.proto('int32_t nccl_begin_test(int64_t, int32_t, int64_t, int64_t, int32_t, int64_t)');
const WAIT = koffi.proto('int32_t nccl_wait_test(int64_t, int64_t)');

const CUDA_ERROR_STREAM_CAPTURE_UNJOINED = 904;

interface Rank extends RankCommunicator {
  readonly gpu: Gpu;
  /** Begins a collective of float32, as kernels do. */
  begin(collective: Collective, address: number, count: number): number;
  wait(): number;
}

interface World {
  readonly gpus: Gpus;
  readonly ranks: readonly [Rank, Rank];
}

let worlds = 0;

/** Two ranks that have come together. */
async function openWorld(timeoutSeconds = 60): Promise<World> {
  const gpus = await openGpus(2);
  const id = new Uint8Array(128).fill(++worlds);
  const meeting = () => Promise.resolve(id);
  const open = async (gpu: Gpu, rank: number): Promise<Rank> => {
    const communicator = await openNccl(gpu, { rank, size: 2, localRank: rank, meeting, timeoutSeconds });
    const { native } = communicator;
    if (!native) throw new TypeError('expected native collectives');
    const begin = koffi.decode(BigInt(native.begin), BEGIN);
    const wait = koffi.decode(BigInt(native.wait), WAIT);
    return {
      ...communicator,
      gpu,
      begin: (collective, address, count) =>
        begin(native.context, COLLECTIVES[collective], address, count, ELEMENT_TYPES.float32, gpu.stream),
      wait: () => wait(native.context, gpu.stream),
    };
  };
  const [first, second] = await Promise.all(gpus.each.map(open));
  if (!first || !second) throw new TypeError('expected two ranks');
  return { gpus, ranks: [first, second] };
}

/** Device memory of `count` floats of value `value` once the kernels so far have run. */
function filled({ gpu }: Rank, count: number, value: number): number {
  const buffer = gpu.memory.allocate(4 * count, 'undefined');
  onTestFinished(() => void gpu.memory.free(buffer));
  gpu.fill(buffer.address, count, value);
  return buffer.address;
}

async function floats({ gpu }: Rank, address: number, count: number): Promise<number[]> {
  const values = new Float32Array(count);
  await gpu.memory.read({ address, bytes: 4 * count }, 0, values);
  return [...values];
}

describe('ranks on GPUs', () => {
  test('know their machine', async () => {
    const { ranks } = await openWorld();
    expect(ranks.map(({ rank, size, localRank, localSize }) => [rank, size, localRank, localSize])).toEqual([
      [0, 2, 0, 2],
      [1, 2, 1, 2],
    ]);
    expect(ranks[0].host(1)).toBe(ranks[1].host(0));
    await Promise.all(ranks.map((each) => each.close()));
  });

  test('make every collective of programs, in place', async () => {
    const { ranks } = await openWorld();
    const addresses = ranks.map((each) => [1, 2, 3].map((value) => filled(each, 4, value + 10 * each.rank)));
    for (const each of ranks) {
      const [sum, scattered, gathered] = addresses[each.rank] as [number, number, number];
      expect(each.begin('allReduce', sum, 4)).toBe(0);
      expect(each.begin('reduceScatter', scattered, 4)).toBe(0);
      expect(each.begin('allGather', gathered, 4)).toBe(0);
      expect(each.wait()).toBe(0);
    }
    for (const each of ranks) {
      const [sum, scattered, gathered] = addresses[each.rank] as [number, number, number];
      expect(await floats(each, sum, 4)).toEqual([12, 12, 12, 12]);
      expect(await floats(each, scattered, 4)).toEqual(each.rank === 0 ? [14, 14, 0, 0] : [0, 0, 14, 14]);
      expect(await floats(each, gathered, 4)).toEqual([3, 3, 13, 13]);
    }
  });

  test('sum, broadcast and share values of the host, in the order of the calls', async () => {
    const { ranks } = await openWorld();
    const results = await Promise.all(
      ranks.map(async (each) => {
        const sums = Float64Array.of(2 ** -40 + each.rank, 1);
        const bytes = Uint8Array.of(each.rank, 7, 9);
        const [, , texts, empty] = await Promise.all([
          each.sum(sums),
          each.broadcast(bytes, 1),
          each.share('ä'.repeat(each.rank)),
          each.share(''),
        ]);
        await each.broadcast(new Uint8Array(0), 0);
        return { sums: [...sums], bytes: [...bytes], texts, empty };
      }),
    );
    const expected = { sums: [2 ** -39 + 1, 2], bytes: [1, 7, 9], texts: ['', 'ä'], empty: ['', ''] };
    expect(results).toEqual([expected, expected]);
  });

  test('broadcast more bytes than go through the device at once', async () => {
    const { ranks } = await openWorld();
    const bytes = ranks.map(({ rank }) => new Uint8Array(2 ** 24 + 3).fill(rank + 1));
    await Promise.all(ranks.map((each) => each.broadcast(bytes[each.rank] as Uint8Array, 0)));
    expect(Buffer.compare(bytes[0] as Uint8Array, bytes[1] as Uint8Array)).toBe(0);
    expect(bytes[1]?.at(-1)).toBe(1);
  });
});

describe('collectives', () => {
  test('begin after the kernels before them, and hold up the stream only where it waits', async () => {
    const { ranks } = await openWorld();
    const [first, second] = ranks;
    second.gpu.hold(true);
    const addresses = ranks.map((each) => filled(each, 2, 5));
    const later = ranks.map((each) => {
      expect(each.begin('allReduce', addresses[each.rank] as number, 2)).toBe(0);
      return filled(each, 1, 1);
    });
    expect(first.gpu.isIdle()).toBe(true); // kernels after the collective have run, though it has not begun
    expect(await floats(first, addresses[0] as number, 2)).toEqual([5, 5]);
    expect(await floats(first, later[0] as number, 1)).toEqual([1]);
    for (const each of ranks) expect(each.wait()).toBe(0);
    expect(first.gpu.isIdle()).toBe(false);
    second.gpu.hold(false);
    for (const each of ranks) expect(await floats(each, addresses[each.rank] as number, 2)).toEqual([10, 10]);
  });

  test('are captured with the kernels around them, and a launch makes them anew', async () => {
    const { gpus, ranks } = await openWorld();
    const capture = gpus.library.function('void gpu_capture(int64_t stream)');
    const endCapture = gpus.library.function('int32_t gpu_end_capture()');
    const launch = gpus.library.function('void gpu_launch()');
    const [first, second] = ranks;
    const other = filled(second, 2, 1);
    const own = filled(first, 2, 3);

    capture(first.gpu.stream);
    expect(first.wait()).toBe(0); // with none begun there is nothing to wait for
    expect(first.begin('reduceScatter', own, 2)).toBe(0);
    expect(first.wait()).toBe(0);
    expect(endCapture()).toBe(0);
    expect(await floats(first, own, 2)).toEqual([3, 3]);

    for (const value of [3, 6]) {
      first.gpu.fill(own, 2, value);
      launch();
      second.gpu.fill(other, 2, 1);
      expect(second.begin('reduceScatter', other, 2)).toBe(0);
      expect(second.wait()).toBe(0);
      expect(await floats(first, own, 2)).toEqual([value + 1, 0]);
      expect(await floats(second, other, 2)).toEqual([0, value + 1]);
    }
  });
});

test('a capture that ends before the wait for a collective is refused by the driver', async () => {
  const { gpus, ranks } = await openWorld();
  gpus.library.function('void gpu_capture(int64_t stream)')(ranks[0].gpu.stream);
  expect(ranks[0].begin('allReduce', filled(ranks[0], 2, 1), 2)).toBe(0);
  expect(gpus.library.function('int32_t gpu_end_capture()')()).toBe(CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
});

describe('a world fails', () => {
  test('when NCCL reports an error: what is under way ends with it', async () => {
    const { gpus, ranks } = await openWorld();
    const [first] = ranks;
    const waiting = first.sum(Float64Array.of(1));
    gpus.library.function('void gpu_lose_rank()')();
    await expect(waiting).rejects.toThrow(/^rank 0: NCCL failed in a collective: remote process exited/);
    await expect.poll(() => first.failed?.aborted).toBe(true);
    expect(first.begin('allReduce', 0, 0)).not.toBe(0);
    expect(first.wait()).not.toBe(0);
    await expect(first.share('')).rejects.toThrow(/remote process exited/);
  });

  test('when a collective does not end in time', async () => {
    const { ranks } = await openWorld(0.1);
    await sleep(1200); // no collective is under way, so nothing is late
    const [first, second] = ranks;
    await expect(first.sum(Float64Array.of(1))).rejects.toThrow(
      /^rank 0: collectives have not ended for 1 s: another rank/,
    );
    expect(first.gpu.isIdle()).toBe(true); // the abort has ended what ran
    expect(second.failed?.aborted).toBe(false);
  });

  test('when this rank gives up: NCCL is aborted, then the process ends', async () => {
    const { ranks } = await openWorld();
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    onTestFinished(() => exit.mockRestore());
    const waiting = ranks[0].sum(Float64Array.of(1));
    await Promise.all([expect(waiting).rejects.toThrow('rank 0: this rank has given up'), ranks[0].abort()]);
    expect(ranks[0].gpu.isIdle()).toBe(true);
    expect(exit).toHaveBeenCalledWith(1);
  });

  test('when its ranks do not come together', async () => {
    const { each } = await openGpus(1);
    const meeting = () => Promise.resolve(new Uint8Array(128).fill(200));
    await expect(
      openNccl(each[0] as Gpu, { rank: 0, size: 2, localRank: 0, meeting, timeoutSeconds: 0.05 }),
    ).rejects.toThrow(/^rank 0: expected 2 ranks to come together, but not all have come within 0.5 s; look/);
  });

  test('when the driver does: with the words of the driver', async () => {
    const { each } = await openGpus(1);
    const meeting = () => Promise.resolve(new Uint8Array(128));
    const device = { ...(each[0] as Gpu), context: 0 };
    await expect(openNccl(device, { rank: 0, size: 1, localRank: 0, meeting, timeoutSeconds: 1 })).rejects.toThrow(
      'rank 0: the CUDA driver failed in cuCtxGetStreamPriorityRange: invalid device context',
    );
  });

  test('when the driver is missing', async () => {
    const { each } = await openGpus(1);
    const meeting = () => Promise.resolve(new Uint8Array(128));
    const device = { ...(each[0] as Gpu), driver: '/nowhere/libcuda.so.1' };
    await expect(openNccl(device, { rank: 0, size: 1, localRank: 0, meeting, timeoutSeconds: 1 })).rejects.toThrow(
      /nowhere\/libcuda\.so\.1: cannot open/,
    );
  });

  test('when NCCL cannot make its id: with the words of NCCL', async () => {
    vi.stubEnv('NCCL_COMM_ID', '-');
    const { each } = await openGpus(1);
    const meeting = (make: () => Uint8Array) => Promise.resolve(make());
    await expect(
      openNccl(each[0] as Gpu, { rank: 0, size: 1, localRank: 0, meeting, timeoutSeconds: 1 }),
    ).rejects.toThrow('NCCL failed in making the id of a world: invalid usage');
  });
});
