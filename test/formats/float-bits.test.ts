import { expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '#minillm/formats/float-bits.js';

const EVERY_16_BITS = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

test('every half-precision number is converted exactly', () => {
  const actual = new Float32Array(65536);
  float16ToFloat32(EVERY_16_BITS, actual);
  for (const bits of EVERY_16_BITS) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let expected = sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
    if (exponent === 31) expected = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (!Object.is(actual[bits], expected)) expect(actual[bits], `bits ${bits}`).toBe(expected);
  }
});

test('every bfloat16 number is the upper half of its float32', () => {
  const actual = new Float32Array(65536);
  bfloat16ToFloat32(EVERY_16_BITS, actual);
  const bits = new Uint32Array(actual.buffer);
  expect(EVERY_16_BITS.every((value) => bits[value] === value * 65536)).toBe(true);
  expect(actual[0x3f80]).toBe(1);
  expect(actual[0xc000]).toBe(-2);
});

test('halves are rounded to the nearest, ties to the even one, and come back from float32 as they were', () => {
  const numbers = new Float32Array(65536);
  float16ToFloat32(EVERY_16_BITS, numbers);
  const back = float32ToFloat16(numbers);
  expect(EVERY_16_BITS.every((bits, index) => back[index] === bits || Number.isNaN(numbers[index]))).toBe(true);
  expect(EVERY_16_BITS.every((bits, index) => (back[index]! & 0x7fff) > 0x7c00 === (bits & 0x7fff) > 0x7c00)).toBe(
    true,
  );

  const between = (bits: number, share: number) => numbers[bits]! + share * (numbers[bits + 1]! - numbers[bits]!);
  // subnormal, the largest subnormal, the smallest normal, 1, the largest
  for (const bits of [0, 1, 0x3ff, 0x400, 0x3c00, 0x7bfe]) {
    const even = bits + (bits & 1);
    expect([
      ...float32ToFloat16(Float32Array.of(between(bits, 0.49), between(bits, 0.5), between(bits, 0.51))),
    ]).toEqual([...[bits, even, bits + 1]]);
  }
  expect([...float32ToFloat16(Float32Array.of(65519, 65520, -1e30, 1e-8, -1e-8))]).toEqual([
    ...[0x7bff, 0x7c00, 0xfc00, 0, 0x8000],
  ]);
});

test('bfloat16 is rounded to the nearest, ties to the even one', () => {
  const { buffer } = Uint32Array.of(0x3f807fff, 0x3f808000, 0x3f808001, 0x3f818000, 0x7f800001, 0x7f7fffff);
  expect([...float32ToBfloat16(new Float32Array(buffer))]).toEqual([0x3f80, 0x3f80, 0x3f81, 0x3f82, 0x7fc0, 0x7f80]);
});
