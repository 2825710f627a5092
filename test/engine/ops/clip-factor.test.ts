import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { clipFactor } from '#minillm/engine/ops/clip-factor.js';
import { type Device, devices } from '../devices.ts';
import { runOp } from '../op-harness.ts';
import * as reference from '../reference/clip-factor.ts';

/** Every finite float32 is at most this. */
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

interface Case {
  readonly squaredNorm: number;
  readonly clip?: number;
  readonly loss?: number;
  readonly normLimit?: number;
  readonly lossLimit?: number;
}

/** The norm and the factor that the device gives. */
async function factorOf(
  device: Device,
  { squaredNorm, clip = 1, loss = 3, normLimit = MAX_FLOAT32, lossLimit = MAX_FLOAT32 }: Case,
) {
  const trace = (graph: Graph) => {
    const limits = {
      normLimit: graph.input('normLimit', [], 'float32'),
      lossLimit: graph.input('lossLimit', [], 'float32'),
    };
    const statistics = graph.parameter('statistics', [2]);
    return clipFactor({ squaredNorm: graph.input('squaredNorm', [], 'float64'), statistics }, limits, {
      gradientClip: clip,
    });
  };
  const values = {
    squaredNorm: Float64Array.of(squaredNorm),
    // the second statistic is none of its business
    statistics: Float64Array.of(loss, Number.NaN),
    normLimit: Float64Array.of(normLimit),
    lossLimit: Float64Array.of(lossLimit),
  };
  const { outputs } = await runOp(device, { compiled: { batch: 1, length: 1 }, trace, values });
  return { norm: outputs.norm![0]!, factor: outputs.factor![0]! };
}

describe.each(devices)('$name', (device) => {
  test.each([
    { squaredNorm: 0, clip: 1 },
    { squaredNorm: 0.25, clip: 1 },
    { squaredNorm: 1, clip: 1 },
    { squaredNorm: 2, clip: 1 },
    { squaredNorm: 1e-12, clip: 1e-6 },
    { squaredNorm: 12_345.678, clip: 0.3 },
    // its square is no float32
    { squaredNorm: 1e60, clip: 1 },
  ])('Σ g² $squaredNorm is clipped to $clip', async ({ squaredNorm, clip }) => {
    const { norm, factor } = await factorOf(device, { squaredNorm, clip });
    expect(norm).toBe(Math.fround(Math.sqrt(squaredNorm)));
    expect(factor).toBe(Math.fround(reference.clipFactor(norm, clip)));
  });

  test.each([0, 1e-8, 1e6])('with clip 0, Σ g² %d is not clipped', async (squaredNorm) => {
    expect((await factorOf(device, { squaredNorm, clip: 0 })).factor).toBe(1);
  });

  test.each<[string, Case]>([
    ['a norm', { squaredNorm: 9, normLimit: 3 }],
    ['a loss', { squaredNorm: 9, loss: 2.5, lossLimit: 2.5 }],
    ['a norm of 0 and a loss of 0', { squaredNorm: 0, normLimit: 0, loss: 0, lossLimit: 0 }],
  ])('%s at its limit is used', async (_case, values) => {
    expect((await factorOf(device, values)).factor).toBeGreaterThan(0);
  });

  test.each<[string, Case]>([
    ['a norm above its limit', { squaredNorm: 9.00001, normLimit: 3 }],
    ['a loss above its limit', { squaredNorm: 9, loss: 2.500001, lossLimit: 2.5 }],
    ['a norm that is not a number', { squaredNorm: Number.NaN }],
    ['an infinite norm', { squaredNorm: Number.POSITIVE_INFINITY }],
    ['a norm that no float32 holds', { squaredNorm: 1e80 }],
    ['a loss that is not a number', { squaredNorm: 1, loss: Number.NaN }],
    ['an infinite loss', { squaredNorm: 1, loss: Number.POSITIVE_INFINITY }],
  ])('%s makes no update, with clipping or without', async (_case, values) => {
    for (const clip of [0, 1]) expect((await factorOf(device, { ...values, clip })).factor).toBe(-1);
  });
});
