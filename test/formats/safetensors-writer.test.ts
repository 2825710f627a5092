import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSafetensors } from '#minillm/formats/open-safetensors.js';
import type { TensorSource } from '#minillm/formats/safetensors-slices.js';
import { writeSafetensors } from '#minillm/formats/safetensors-writer.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('writes byte for byte what the reference implementation wrote', async () => {
  const source = 'test/fixtures/gpt2-tiny/model.safetensors';
  const path = join(temporaryFolder(), 'copy.safetensors');
  const file = await openSafetensors(source);
  const tensors = [...file.tensors].map(
    ([name, { shape }]): TensorSource => ({
      name,
      dtype: 'F32',
      shape,
      read: (start, target) => file.readInto(name, start, target),
    }),
  );
  await writeSafetensors(path, tensors);
  await file.close();
  expect(readFileSync(path).equals(readFileSync(source))).toBe(true);
});

test('large tensors are asked for in slices of at most 16 MiB, in order', async () => {
  const path = join(temporaryFolder(), 'a.safetensors');
  const length = 2 ** 22 * 2 + 7;
  const asked: number[][] = [];
  const ramp: TensorSource = {
    name: 'ramp',
    dtype: 'I32',
    shape: [length],
    async read(start, target) {
      asked.push([start, target.length]);
      for (let index = 0; index < target.length; index++) target[index] = start + index;
    },
  };
  const empty: TensorSource = { name: 'empty', dtype: 'F32', shape: [0, 3], read: () => expect.unreachable() };
  const scalar: TensorSource = { name: 'scalar', dtype: 'F32', shape: [], read: (_, target) => void target.fill(0.5) };
  await writeSafetensors(path, [ramp, empty, scalar]);
  expect(asked).toEqual([
    [0, 2 ** 22],
    [2 ** 22, 2 ** 22],
    [2 ** 23, 7],
  ]);
  const file = await openSafetensors(path);
  const values = new Int32Array(length);
  await file.readInto('ramp', 0, values);
  expect(values.findIndex((value, index) => value !== index)).toBe(-1);
  expect([...(await file.read('empty'))]).toEqual([]);
  expect([...(await file.read('scalar'))]).toEqual([0.5]);
  await file.close();
  expect(statSync(path).size % 4).toBe(0);
});

test('what a source throws comes through; a folder that is missing is named', async () => {
  const folder = temporaryFolder();
  const failure = new RangeError('device lost');
  const failing: TensorSource = { name: 'a', dtype: 'F32', shape: [1], read: () => Promise.reject(failure) };
  await expect(writeSafetensors(join(folder, 'a'), [failing])).rejects.toBe(failure);
  await expect(writeSafetensors(join(folder, 'b', 'a'), [])).rejects.toThrow('could not write it (ENOENT');
});
