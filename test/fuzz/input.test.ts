/** @file Inputs of the fuzzer: made again from seed, target and index alone. */

import { expect, test } from 'vitest';

const compiled = <T>(name: string): Promise<T> => import(new URL(`../../dist-fuzz/${name}`, import.meta.url).href);
const { TARGETS } = await compiled<typeof import('../../fuzz/targets.ts')>('targets.js');
const { makeInput } = await compiled<typeof import('../../fuzz/input.ts')>('input.js');

test.each(TARGETS.map((target) => [target.name, target] as const))('%s', async (_, target) => {
  const seeds = await target.seeds();
  const first = seeds.length;
  const inputs = Array.from({ length: 40 }, (_, place) => makeInput(target, seeds, 7, first + place));
  // in another order, from seeds made again
  const seedsAgain = await target.seeds();
  for (let place = inputs.length - 1; place >= 0; place--)
    expect(makeInput(target, seedsAgain, 7, first + place).equals(inputs[place]!), `input ${first + place}`).toBe(true);
  expect(makeInput(target, seeds, 7, 0)).toEqual(seeds[0]);
  const texts = (all: readonly Buffer[]) => new Set(all.map((input) => input.toString('base64')));
  expect(texts(inputs).size).toBeGreaterThan(20);
  const others = Array.from({ length: 40 }, (_, place) => makeInput(target, seeds, 8, first + place));
  expect(texts([...inputs, ...others]).size).toBeGreaterThan(texts(inputs).size + 20);
});
