/** Which algorithm a matrix product takes: measured for training, where it pays; else the one that cuBLASLt thinks best, at once. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { openDevice } from '#minillm/backends/cuda/device.js';
import type { Product } from '#minillm/backends/cuda/operation.js';
import { openProducts, Products } from '#minillm/backends/cuda/products.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { ALGORITHM_BYTES, type CublasLt } from '#minillm/native/cuda/cublaslt.js';
import { openDriver } from '#minillm/native/cuda/driver.js';
import { cudaDevices } from '../../engine/devices.ts';
import { backpropagate, runOp } from '../../engine/op-harness.ts';
import { hasStandIn } from '../../stand-ins/cuda/cuda.js';
import { useStandIn } from '../../stand-ins/cuda/open-gpu.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A cuBLASLt that offers as many algorithms as are asked for, and notes the number of each that is run. */
function offering(ran: number[]): CublasLt {
  return {
    path: '/played',
    version: '13.0.0',
    prepare: () => ({
      algorithms: (count) =>
        Array.from({ length: count }, (_, number) => ({
          algorithm: new Uint8Array(ALGORITHM_BYTES).fill(number),
          workspaceBytes: 0,
        })),
      run: (_, { algorithm }) => void ran.push(algorithm[0] ?? -1),
      destroy: () => {},
    }),
    close: () => {},
  };
}

const matrix = { place: { of: 'workspace' }, dtype: 'float32', stride: 1024 } as const;
/** 2.1 GFLOP */
const LARGE: Product = { kind: 'product', m: 1024, n: 1024, k: 1024, a: matrix, b: matrix, d: matrix };
const PLACES = { a: 0, b: 0, bias: 0 };

/** Products of a GPU that has computed none, as often opened as it is asked for, and what they run. */
async function freshGpu() {
  await useStandIn();
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  const device = openDevice(await openDriver(), 0);
  const ran: number[] = [];
  return { device, ran, open: () => openProducts(device, offering(ran)) };
}

/** The number of the algorithm that a product takes. */
function taken(products: Products, choice: 'heuristic' | 'measured', ran: number[]): number | undefined {
  const chosen = products.choose(LARGE, PLACES, choice);
  chosen.run({ ...PLACES, d: 0 }, false);
  return ran.at(-1);
}

describe.skipIf(!hasStandIn)('a large product', () => {
  test('takes what cuBLASLt thinks best without a run before, also where another was measured to be faster', async () => {
    const { ran, open } = await freshGpu();
    const products = await open();
    expect(taken(products, 'heuristic', ran)).toBe(0);
    expect(ran).toEqual([0]);
    products.choose(LARGE, PLACES, 'measured');
    ran.length = 0;
    expect(taken(await open(), 'heuristic', ran)).toBe(0);
    expect(ran).toEqual([0]);
  });

  test('is measured where it is asked for, once: the choice is kept', async () => {
    const { ran, open } = await freshGpu();
    const products = await open();
    const first = taken(products, 'measured', ran);
    expect(new Set(ran)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    ran.length = 0;
    expect(taken(products, 'measured', ran)).toBe(first);
    expect(taken(await open(), 'measured', ran)).toBe(first);
    expect(ran).toEqual([first, first]);
  });

  test('a choice for want of memory to measure in is not kept', async () => {
    const { device, ran, open } = await freshGpu();
    const products = await open();
    vi.spyOn(device.driver, 'allocate').mockImplementationOnce(() => {
      throw new Error('out of memory');
    });
    expect(taken(products, 'measured', ran)).toBe(0);
    expect(ran).toEqual([0]);
    ran.length = 0;
    taken(await open(), 'measured', ran);
    expect(new Set(ran)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });
});

describe.each(cudaDevices)('$name', (device) => {
  test('a program that trains measures its products, and one that evaluates does not', async () => {
    const choose = vi.spyOn(Products.prototype, 'choose');
    const [rows, C] = [{ batch: 2, length: 8 }, 16];
    const run = async (trains: boolean): Promise<Set<string>> => {
      choose.mockClear();
      await runOp(device, {
        compiled: rows,
        trace: (graph) => {
          const x = graph.input('x', [rows.batch, rows.length, C], graph.activationType);
          const y = linear(x, graph.parameter('weight', [C, C]), graph.parameter('bias', [C]));
          if (trains) backpropagate(graph, [graph.input('gradient', y.shape, graph.activationType)]);
          return { y };
        },
        values: {
          x: new Float64Array(rows.batch * rows.length * C),
          gradient: new Float64Array(rows.batch * rows.length * C),
          weight: new Float64Array(C * C),
          bias: new Float64Array(C),
        },
      });
      return new Set(choose.mock.calls.map(([, , choice]) => choice));
    };
    expect(await run(false)).toEqual(new Set(['heuristic']));
    expect(await run(true)).toEqual(new Set(['measured']));
  });
});
