import { expect, test } from 'vitest';
import { quantiseQ8_0 } from '#minillm/formats/gguf/q8-0.js';

test("has the bits of ggml's reference: an ascent, zeros, ties, signs, scales too small for half precision", () => {
  const blocks = [
    Array.from({ length: 32 }, (_, i) => i - 16),
    Array.from({ length: 32 }, () => 0),
    [127, ...Array.from({ length: 31 }, (_, i) => 0.5 * (i - 15))],
    Array.from({ length: 32 }, (_, i) => ((-1) ** i * 0.02 * ((i * 7919) % 101)) / 101),
    Array.from({ length: 32 }, (_, i) => 1e-9 * (i + 1)),
  ];
  // by gguf 0.19 (gguf.quants.quantize), which is tested against ggml's C
  expect(Buffer.from(quantiseQ8_0(Float32Array.from(blocks.flat()))).toString('hex')).toBe(
    '083081899199a1a9b1b9c0c8d0d8e0e8f0f8000810182028303840474f575f676f77' +
      '00000000000000000000000000000000000000000000000000000000000000000000' +
      '003c7ff8f9f9fafafbfbfcfcfdfdfefeffff00010102020303040405050606070708' +
      'f50800ca6be352fc3a9121aa08c273db5af4418929a210bb7bd362ec4981309a18b3' +
      '000004080c1014181c2024282c3034383c4043474b4f53575b5f63676b6f73777b7f',
  );
});
