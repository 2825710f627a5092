import { describe, expect, test } from 'vitest';
import { buildHeader, parseHeader, parseHeaderLength } from '#minillm/formats/safetensors-header.js';
import { UserError } from '#minillm/support/errors.js';

/** Parses a header in front of `dataBytes` bytes. */
function parse(header: unknown, dataBytes: number) {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return parseHeader(json, 8 + json.length + dataBytes, 'x.safetensors');
}

const tensor = (dtype: string, shape: unknown, ...data_offsets: unknown[]) => ({ dtype, shape, data_offsets });

describe('parseHeader', () => {
  test('gives the place of every tensor in order of offsets, empty ones and scalars included', () => {
    const header = {
      __metadata__: { format: 'pt' },
      last: tensor('BF16', [2, 3], 4, 16),
      empty: tensor('F32', [0, 7], 4, 4),
      scalar: tensor('I32', [], 0, 4),
    };
    const start = 8 + JSON.stringify(header).length;
    expect([...parse(header, 16)]).toEqual([
      ['scalar', { dtype: 'I32', shape: [], offset: start, bytes: 4 }],
      ['empty', { dtype: 'F32', shape: [0, 7], offset: start + 4, bytes: 0 }],
      ['last', { dtype: 'BF16', shape: [2, 3], offset: start + 4, bytes: 12 }],
    ]);
  });

  test('takes names that mean something to JavaScript as names', () => {
    const tensors = parse('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    expect([...tensors.keys()]).toEqual(['__proto__']);
  });

  test.each<[string, unknown, number, RegExp]>([
    ['is no JSON', '{"a":', 0, /header: expected JSON/],
    ['is no object', [1], 0, /header: expected an object of tensors/],
    ['has metadata that are no strings', { __metadata__: { a: 1 } }, 0, /__metadata__: a: .*expected string/],
    ['has a tensor that is none', { a: 3 }, 0, /tensor a: .*expected object/],
    ['has an unknown type', { a: tensor('F8_E4M3', [1], 0, 1) }, 1, /tensor a: dtype: .*"F64"/],
    ['has a negative extent', { a: tensor('F32', [-1, -1], 0, 4) }, 4, /tensor a: shape\.0/],
    ['has a fractional extent', { a: tensor('F32', [0.5], 0, 2) }, 2, /tensor a: shape\.0/],
    ['has an extent of 2^60', { a: tensor('U8', [2 ** 60], 0, 2 ** 60) }, 4, /tensor a: shape\.0/],
    ['has a product beyond 2^53', { a: tensor('U8', [2 ** 30, 2 ** 30], 0, 4) }, 4, /tensor a: expected \d+ bytes/],
    ['has a size that is not its shape', { a: tensor('F32', [2], 0, 4) }, 4, /tensor a: expected 8 bytes .* found 4/],
    ['has a tensor that ends before it begins', { a: tensor('U8', [1], 1, 0) }, 1, /expected 1 bytes .* found -1/],
    ['has an overlap', { a: tensor('U8', [2], 0, 2), b: tensor('U8', [2], 1, 3) }, 3, /tensor b overlaps/],
    ['has a gap', { a: tensor('U8', [2], 0, 2), b: tensor('U8', [2], 3, 5) }, 5, /tensor b leaves a gap/],
    ['has a gap at the start', { a: tensor('U8', [2], 1, 3) }, 3, /tensor a leaves a gap/],
    ['leaves bytes at the end', { a: tensor('U8', [2], 0, 2) }, 3, /expected \d+ bytes by its header, found/],
    ['reaches past the end', { a: tensor('F32', [2 ** 40], 0, 2 ** 42) }, 3, /expected \d+ bytes by its header, found/],
  ])('a header that %s is refused by name', (_, header, dataBytes, message) => {
    expect(() => parse(header, dataBytes)).toThrow(UserError);
    expect(() => parse(header, dataBytes)).toThrow(/^x\.safetensors: /);
    expect(() => parse(header, dataBytes)).toThrow(message);
  });

  test('a header that is not UTF-8 is refused', () => {
    expect(() => parseHeader(Uint8Array.of(0x7b, 0xff, 0x7d), 11, 'x')).toThrow(
      'expected a safetensors header in UTF-8',
    );
  });
});

describe('parseHeaderLength', () => {
  const lengthOf = (length: bigint, fileBytes: number) =>
    parseHeaderLength(new Uint8Array(BigUint64Array.of(length).buffer), fileBytes, 'x');

  test('is within the file and 10 MB', () => {
    expect(lengthOf(10n, 18)).toBe(10);
    expect(() => lengthOf(11n, 18)).toThrow(UserError);
    expect(lengthOf(10_000_000n, 1e12)).toBe(10_000_000);
    expect(() => lengthOf(10_000_001n, 1e12)).toThrow(UserError);
    expect(() => lengthOf(2n ** 64n - 1n, 1e12)).toThrow(UserError);
    expect(() => parseHeaderLength(new Uint8Array(3), 3, 'x')).toThrow(UserError);
  });
});

test('buildHeader is read back and ends at a multiple of 8', () => {
  const header = buildHeader([
    { name: 'é', dtype: 'F32', shape: [2, 3] },
    { name: 'b', dtype: 'I32', shape: [] },
  ]);
  expect(header.length % 8).toBe(0);
  expect(parseHeaderLength(header.subarray(0, 8), header.length + 28, 'x')).toBe(header.length - 8);
  expect([...parseHeader(header.subarray(8), header.length + 28, 'x')]).toEqual([
    ['é', { dtype: 'F32', shape: [2, 3], offset: header.length, bytes: 24 }],
    ['b', { dtype: 'I32', shape: [], offset: header.length + 24, bytes: 4 }],
  ]);
});
