/** @file Converts 16-bit floating-point numbers to float32. */

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
