import { expect, test } from 'vitest';
import { scatterSeconds } from '#minillm/plan/communication.js';
import { runCost } from '#minillm/plan/cost.js';
import { findHardware } from '#minillm/plan/hardware.js';
import { doublings, lastWorthwhile } from '#minillm/plan/scaling.js';
import { stepTime } from '#minillm/plan/step-time.js';
import type { Work, WorkKind } from '#minillm/plan/workload.js';

const work = (kind: WorkKind, summed = 0): Work => ({ operation: kind, kind, flops: 1, traffic: 1, summed });

test('a ring moves (n−1)/n of the bytes, and one device nothing', async () => {
  const base = await findHardware('h100');
  const hardware = { ...base, link: { bandwidth: 1e9, latency: 0 }, network: { bandwidth: 1e8, latency: 0 } };
  expect(scatterSeconds(1e9, 1, hardware)).toBe(0);
  expect(scatterSeconds(1e9, 8, hardware)).toBeCloseTo(7 / 8, 12);
  // between two nodes each device moves half of its eighth
  expect(scatterSeconds(1e9, 16, hardware)).toBeCloseTo(7 / 8 + 0.5 * (1 / 8) * 10, 12);
});

test('communication is hidden behind what remains of the backward pass, and no more', async () => {
  const hardware = { ...(await findHardware('h100')), link: { bandwidth: 1, latency: 0 } };
  const workload = {
    gradients: [work('products'), work('products'), work('products')],
    // a sum of 2 elements over 2 ranks takes 2·½·2 = 2 s of the ring at 1 byte an element
    lastGradients: [
      work('products'),
      work('communication', 2),
      work('products'),
      work('products'),
      work('communication', 3),
    ],
    update: [],
  };
  const shape = { ranks: 2, zero: 0, microSteps: 2, gradientBytes: 1 } as const;
  const time = stepTime(workload, () => 1, hardware, shape);
  expect(time.parts).toMatchObject({ products: 6, communication: 3 });
  expect(time.hidden).toBe(2);
  expect(time.seconds).toBe(9);
});

test('the last number of devices is the one after which a doubling gains too little', () => {
  expect(doublings(9)).toEqual([1, 2, 4, 8]);
  const points = [100, 190, 300, 310].map((tokensPerSecond, index) => ({ ranks: 2 ** index, tokensPerSecond }));
  expect(lastWorthwhile(points)).toBe(4);
});

test('cost is device-hours and energy at their prices', async () => {
  const hardware = { ...(await findHardware('h100')), watts: 1000 };
  const time = {
    parts: { products: 0, head: 0, attention: 0, memory: 0, optimizer: 0, communication: 0 },
    hidden: 0,
    seconds: 1,
  };
  const cost = runCost({ ranks: 8, time }, 3600, hardware, { deviceHour: 2, energy: 0.5 });
  expect(cost).toMatchObject({ seconds: 3600, deviceHours: 8 });
  expect(cost.kilowattHours).toBeCloseTo(11.2, 9);
  expect(cost.price).toBeCloseTo(16 + 5.6, 9);
  expect(runCost({ ranks: 8, time }, 1, hardware, {}).price).toBeUndefined();
});

test('unknown hardware is named with the profiles there are', async () => {
  await expect(findHardware('h10')).rejects.toThrow(/h100, h200.*found h10; did you mean h100\?/);
});
