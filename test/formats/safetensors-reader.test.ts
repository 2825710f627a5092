import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSafetensors } from '#minillm/formats/open-safetensors.js';
import { buildHeader, type Dtype } from '#minillm/formats/safetensors-header.js';
import type { SafetensorsFile } from '#minillm/formats/safetensors-reader.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FIXTURE = 'test/fixtures/gpt2-tiny';

async function openFile(path: string): Promise<SafetensorsFile> {
  const file = await openSafetensors(path);
  onTestFinished(() => file.close());
  return file;
}

function writeTensor(dtype: Dtype, elements: ArrayBufferView, length: number): string {
  const path = join(temporaryFolder(), 'a.safetensors');
  const data = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  writeFileSync(path, Buffer.concat([buildHeader([{ name: 'a', dtype, shape: [length] }]), data]));
  return path;
}

test('reads a file that the reference implementation wrote', async () => {
  const file = await openFile(`${FIXTURE}/expected.safetensors`);
  expect(file.tensors.get('logits')).toMatchObject({ dtype: 'F32', shape: [2, 24, 500], bytes: 96_000 });
  const [loss] = await file.read('loss');
  // trajectory.json has the same loss in float64
  expect(loss).toBeCloseTo(6.970727270143654, 6);
});

test('reads int32 tensors into Int32Array', async () => {
  const file = await openFile(`${FIXTURE}/batches.safetensors`);
  const tokens = new Int32Array(10 * 2 * 25);
  await file.readInto('tokens', 0, tokens);
  expect(Math.min(...tokens)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...tokens)).toBeLessThan(500);
});

test('a slice is the same as that part of the whole', async () => {
  const file = await openFile(`${FIXTURE}/model.safetensors`);
  const whole = await file.read('transformer.wte.weight');
  expect(whole.length).toBe(500 * 32);
  const surrounded = new Float32Array(102).fill(-1);
  await file.readInto('transformer.wte.weight', 33, surrounded.subarray(1, 101));
  expect(surrounded).toEqual(Float32Array.of(-1, ...whole.subarray(33, 133), -1));
});

// more than two slices of 2^21 elements; every value is exact in each type
const COUNT = 2 ** 22 + 5;
const elementOf = (index: number) => (index % 255) - 127;
const upperHalves = (values: Float32Array) => new Uint16Array(values.buffer).filter((_, index) => index % 2 === 1);
const SOURCES: [Dtype, () => ArrayBufferView][] = [
  ['F32', () => Float32Array.from({ length: COUNT }, (_, index) => elementOf(index))],
  ['F64', () => Float64Array.from({ length: COUNT }, (_, index) => elementOf(index))],
  ['BF16', () => upperHalves(Float32Array.from({ length: COUNT }, (_, index) => elementOf(index)))],
];

test.each(SOURCES)('%s is read as float32, in slices', async (dtype, source) => {
  const file = await openFile(writeTensor(dtype, source(), COUNT));
  const target = new Float32Array(COUNT - 3);
  await file.readInto('a', 3, target);
  expect(target.findIndex((value, index) => value !== elementOf(index + 3))).toBe(-1);
});

test('F16 is read as float32', async () => {
  const file = await openFile(writeTensor('F16', Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff), 4));
  expect([...(await file.read('a'))]).toEqual([1, -2, 2 ** -24, 65504]);
});

test('an unknown name, another type and a range outside are refused by name', async () => {
  const file = await openFile(writeTensor('I32', Int32Array.of(1, 2), 2));
  await expect(file.read('b')).rejects.toThrow('expected a tensor b');
  await expect(file.read('a')).rejects.toThrow(
    'tensor a: expected elements of type F32, BF16, F16, F64 or I8, found I32',
  );
  await expect(file.readInto('a', 1, new Int32Array(2))).rejects.toThrow('tensor a has 2 elements, asked for 1 to 3');
  await expect(file.readInto('a', -1, new Int32Array(1))).rejects.toThrow(UserError);
});

test('a file that is missing, a folder, empty or cut short is refused by name', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a.safetensors');
  await expect(openSafetensors(path)).rejects.toThrow(`${path}: could not read it (ENOENT`);
  await expect(openSafetensors(folder)).rejects.toThrow(UserError);
  writeFileSync(path, '');
  await expect(openSafetensors(path)).rejects.toThrow('found 0 bytes');
});

test('a file that is cut short while open is an error, not zeros', async () => {
  const path = writeTensor('F32', new Float32Array(100), 100);
  const file = await openFile(path);
  truncateSync(path, 200);
  await expect(file.read('a')).rejects.toThrow('it was changed while being read');
});
