import { expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32 } from '#minillm/formats/float-bits.js';

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
