import { expect, test } from 'vitest';
import { LinearMemory } from '#minillm/backends/wasm/linear-memory.js';

const HEAP = 1000;

function opened(): LinearMemory {
  const memory = new LinearMemory(false);
  memory.begin(HEAP);
  return memory;
}

test('blocks lie apart, at cache lines, behind what the module has for itself', () => {
  const memory = opened();
  const blocks = [100, 64, 1].map((bytes) => ({ address: memory.allocate(bytes), bytes }));
  for (const [index, { address }] of blocks.entries()) {
    expect(address % 64).toBe(0);
    const before = blocks[index - 1];
    expect(address).toBeGreaterThanOrEqual(before ? before.address + before.bytes : HEAP);
  }
});

test('what was freed is used again, joined with its neighbours, and zeroed', () => {
  const memory = opened();
  const [first, second, third] = [64, 64, 64].map((bytes) => memory.allocate(bytes)) as [number, number, number];
  memory.write(second, Uint8Array.of(1, 2, 3));
  for (const address of [first, third, second]) memory.free(address, 64);
  expect(memory.used).toBe(0);
  expect(memory.allocate(192)).toBe(first);
  const read = new Uint8Array(192).fill(9);
  memory.read(first, read);
  expect(read).toEqual(new Uint8Array(192));
});

test('grows, and keeps what it holds', () => {
  const memory = opened();
  const small = memory.allocate(8);
  memory.write(small, Float64Array.of(Math.PI));
  const large = memory.allocate(2 ** 24);
  memory.write(large + 2 ** 24 - 8, Float64Array.of(Math.E));
  const read = new Float64Array(1);
  memory.read(small, read);
  expect(read[0]).toBe(Math.PI);
  memory.read(large + 2 ** 24 - 8, read);
  expect(read[0]).toBe(Math.E);
});

test('more than 32-bit addresses reach is refused, saying how much there may be', () => {
  expect(() => opened().allocate(2 ** 32)).toThrow(/^expected 4.00 GiB more memory, found .* at most 4.00 GiB/);
});
