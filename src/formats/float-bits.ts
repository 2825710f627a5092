/** @file 16-bit floating-point numbers to float32 and back. Rounding is to the nearest, halves to the even one. */

/** bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let index = 0; index < source.length; index++) bits[index] = source[index]! << 16;
}

/**
 * IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. Read as the bits of a float32, its exponent is too small
 * by 127 − 15 = 112, so multiplying by 2^112 corrects it, subnormal numbers included. Infinities and NaN, whose exponent
 * is 31, get the largest exponent.
 */
export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let index = 0; index < source.length; index++) {
    const half = source[index]!;
    const magnitude = (half & 0x7fff) << 13;
    if ((half & 0x7c00) === 0x7c00) {
      bits[index] = magnitude | 0x7f800000;
    } else {
      bits[index] = magnitude;
      target[index]! *= 2 ** 112;
    }
    bits[index]! |= (half & 0x8000) << 16;
  }
}

/** The upper halves of float32, rounded; what is no number stays none. */
export function float32ToBfloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const target = new Uint16Array(source.length);
  for (let index = 0; index < bits.length; index++) {
    const word = bits[index]!;
    const isNumber = (word & 0x7fffffff) <= 0x7f800000;
    target[index] = isNumber ? (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 : (word >>> 16) | 0x40;
  }
  return target;
}

/** The smallest normal half is 2^-14; smaller ones are multiples of 2^-24. */
const SMALLEST_NORMAL_HALF_BITS = 0x38800000;
/** Adding it to a float64 and taking it away again rounds to a whole number, halves to the even one. */
const ROUNDING = 1.5 * 2 ** 52;

/** The nearest halves; numbers beyond their range become infinite, what is no number stays none. */
export function float32ToFloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const target = new Uint16Array(source.length);
  for (let index = 0; index < bits.length; index++) {
    const word = bits[index]!;
    const magnitude = word & 0x7fffffff;
    let half = 0x7e00;
    if (magnitude < SMALLEST_NORMAL_HALF_BITS) half = Math.abs(source[index]!) * 2 ** 24 + ROUNDING - ROUNDING;
    else if (magnitude <= 0x7f800000)
      half = Math.min((magnitude + 0xfff + ((magnitude >>> 13) & 1) - (112 << 23)) >>> 13, 0x7c00);
    target[index] = half | ((word >>> 16) & 0x8000);
  }
  return target;
}
