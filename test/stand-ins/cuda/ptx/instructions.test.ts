import { expect, it } from 'vitest';
import { openInterpreter } from '../ptx.js';

type Numbers = Int32Array | Uint32Array | Uint16Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

interface Case {
  /** With registers %d, %a, %b and %c; may be several, and use the predicates %p and %q and the word %t. */
  readonly does: string;
  readonly on: readonly Numbers[];
  readonly gives: Numbers;
}

const f32 = (...values: number[]): Float32Array => Float32Array.from(values);
const f64 = (...values: number[]): Float64Array => Float64Array.from(values);
const u32 = (...values: number[]): Uint32Array => Uint32Array.from(values);
const s32 = (...values: number[]): Int32Array => Int32Array.from(values);
const u16 = (...values: number[]): Uint16Array => Uint16Array.from(values);
const u64 = (...values: bigint[]): BigUint64Array => BigUint64Array.from(values);
const s64 = (...values: bigint[]): BigInt64Array => BigInt64Array.from(values);

/** The smallest number above 0, and above 1, in float. */
const TINY = 2 ** -149;
const ULP = 2 ** -23;

const cases: readonly Case[] = [
  { does: 'add.s32 %d, %a, %b;', on: [u32(1, 0xffffffff), u32(2, 1)], gives: u32(3, 0) },
  { does: 'sub.u64 %d, %a, %b;', on: [u64(0n, 5n), u64(1n, 3n)], gives: u64(0xffffffffffffffffn, 2n) },
  {
    does: 'add.sat.s32 %d, %a, %b;',
    on: [s32(2 ** 31 - 1, -(2 ** 31)), s32(1, -1)],
    gives: s32(2 ** 31 - 1, -(2 ** 31)),
  },
  { does: 'mul.hi.s32 %d, %a, %b;', on: [s32(-(2 ** 31), -1), s32(2, 1)], gives: s32(-1, -1) },
  { does: 'mul.hi.u64 %d, %a, %b;', on: [u64(2n ** 63n), u64(6n)], gives: u64(3n) },
  { does: 'mul.wide.s32 %d, %a, %b;', on: [s32(-3, 2 ** 30), s32(5, 8)], gives: s64(-15n, 2n ** 33n) },
  { does: 'mad.wide.u32 %d, %a, %b, %c;', on: [u32(0xffffffff), u32(2), u64(5n)], gives: u64(0x200000003n) },
  { does: 'mad.lo.s32 %d, %a, %b, 7;', on: [s32(-3), s32(5)], gives: s32(-8) },
  { does: 'div.s32 %d, %a, %b;', on: [s32(-7, -(2 ** 31), 5), s32(2, -1, 0)], gives: s32(-3, -(2 ** 31), -1) },
  { does: 'rem.s64 %d, %a, %b;', on: [s64(-7n, 7n), s64(2n, -2n)], gives: s64(-1n, 1n) },
  { does: 'abs.s32 %d, %a;', on: [s32(-5, 5)], gives: s32(5, 5) },
  { does: 'max.s16 %d, %a, %b;', on: [u16(0xffff), u16(3)], gives: u16(3) },
  { does: 'dp4a.s32.s32 %d, %a, %b, %c;', on: [u32(0x01ff02fe), u32(0x01010101), s32(10)], gives: s32(10) },
  { does: 'shl.b32 %d, %a, %b;', on: [u32(1, 1, 3), u32(31, 32, 33)], gives: u32(2 ** 31, 0, 0) },
  { does: 'shr.s32 %d, %a, %b;', on: [s32(-8, -8), u32(1, 40)], gives: s32(-4, -1) },
  { does: 'shr.u64 %d, %a, 32;', on: [u64(0x123456789abcdef0n)], gives: u64(0x12345678n) },
  { does: 'shf.l.wrap.b32 %d, %a, %b, %c;', on: [u32(0x80000000), u32(1), u32(33)], gives: u32(3) },
  { does: 'shf.r.clamp.b32 %d, %a, %b, %c;', on: [u32(1, 1), u32(6, 6), u32(1, 40)], gives: u32(0, 6) },
  { does: 'bfe.u32 %d, %a, 4, 8;', on: [u32(0xabcd)], gives: u32(0xbc) },
  { does: 'bfe.s32 %d, %a, 4, 8;', on: [u32(0xabcd)], gives: s32(0xbc - 256) },
  { does: 'bfi.b32 %d, %a, %b, 8, 4;', on: [u32(0xff), u32(0x12345678)], gives: u32(0x12345f78) },
  { does: 'bfind.s32 %d, %a;', on: [s32(0, -1, 5, -8)], gives: u32(0xffffffff, 0xffffffff, 2, 2) },
  { does: 'popc.b64 %d, %a;', on: [u64(0xff00ff00ff00ff00n)], gives: u32(32) },
  { does: 'clz.b32 %d, %a;', on: [u32(0, 1, 2 ** 31)], gives: u32(32, 31, 0) },
  { does: 'brev.b32 %d, %a;', on: [u32(1, 0xf0)], gives: u32(2 ** 31, 0x0f000000) },
  { does: 'prmt.b32 %d, %a, %b, 0x7250;', on: [u32(0x33221100), u32(0x77665544)], gives: u32(0x77225500) },
  { does: 'prmt.b32 %d, %a, %b, 0x8888;', on: [u32(0x80), u32(0)], gives: u32(0xffffffff) },
  { does: 'lop3.b32 %d, %a, %b, %c, 0x96;', on: [u32(0b1100), u32(0b1010), u32(0b1111)], gives: u32(0b1001) },
  { does: 'setp.lt.and.s32 %p|%q, %a, %b, 1; selp.s32 %d, 1, 2, %q;', on: [s32(-1, 1), s32(0, 0)], gives: s32(2, 1) },
  { does: 'setp.lo.u32 %p, %a, %b; selp.b32 %d, %a, %b, %p;', on: [u32(0xffffffff, 1), u32(1, 2)], gives: u32(1, 1) },
  {
    does: 'setp.ltu.f32 %p, %a, %b; @!%p mov.b32 %d, 7; @%p mov.b32 %d, 8;',
    on: [f32(Number.NaN, 2, 1), f32(1, 1, 2)],
    gives: u32(8, 7, 8),
  },
  {
    does: 'setp.num.f32 %p, %a, %b; not.pred %q, %p; xor.pred %p, %p, !%q; selp.b32 %d, 1, 0, %p;',
    on: [f32(1), f32(2)],
    gives: u32(0),
  },
  { does: 'set.gt.f32.s32 %d, %a, %b;', on: [s32(3, 1), s32(2, 2)], gives: f32(1, 0) },
  { does: 'slct.b32.s32 %d, %a, %b, %c;', on: [u32(1, 1), u32(2, 2), s32(0, -1)], gives: u32(1, 2) },
  // one rounding: the product alone would lose its last bit
  { does: 'fma.rn.f32 %d, %a, %a, %b;', on: [f32(1 + ULP), f32(-1 - 2 * ULP)], gives: f32(ULP * ULP) },
  // a product and a sum stay two roundings
  { does: 'mul.f32 %t, %a, %a; add.f32 %d, %t, %b;', on: [f32(1 + ULP), f32(-1 - 2 * ULP)], gives: f32(0) },
  { does: 'add.rz.f32 %d, %a, %b;', on: [f32(1, -1), f32(2 ** -30, -(2 ** -30))], gives: f32(1, -1) },
  { does: 'fma.rm.f32 %d, %a, %a, %b;', on: [f32(1, -1), f32(-(2 ** -30), 2 ** -30)], gives: f32(1 - ULP / 2, 1) },
  { does: 'add.rp.f32 %d, %a, %b;', on: [f32(1), f32(2 ** -30)], gives: f32(1 + ULP) },
  { does: 'mul.f32 %d, %a, %b;', on: [f32(TINY * 4), f32(0.5)], gives: f32(TINY * 2) },
  { does: 'mul.ftz.f32 %d, %a, %b;', on: [f32(TINY * 4, -(2 ** -126)), f32(2 ** 100, 0.5)], gives: f32(0, -0) },
  { does: 'fma.rn.sat.f32 %d, %a, %a, %b;', on: [f32(2, 0.5, Number.NaN), f32(0, -1, 0)], gives: f32(1, 0, 0) },
  { does: 'min.f32 %d, %a, %b;', on: [f32(Number.NaN, 0, 3), f32(2, -0, 1)], gives: f32(2, -0, 1) },
  { does: 'max.NaN.f32 %d, %a, %b;', on: [f32(Number.NaN, 3), f32(2, 1)], gives: f32(Number.NaN, 3) },
  { does: 'copysign.f32 %d, %a, %b;', on: [f32(-1), f32(5)], gives: f32(-5) },
  { does: 'neg.f32 %d, %a;', on: [f32(0, -2)], gives: f32(-0, 2) },
  { does: 'ex2.approx.ftz.f32 %d, %a;', on: [f32(3, -1, -200)], gives: f32(8, 0.5, 0) },
  { does: 'lg2.approx.f32 %d, %a;', on: [f32(8, 0)], gives: f32(3, Number.NEGATIVE_INFINITY) },
  { does: 'rsqrt.approx.f32 %d, %a;', on: [f32(0.25, 0)], gives: f32(2, Number.POSITIVE_INFINITY) },
  { does: 'sqrt.rn.f64 %d, %a;', on: [f64(2)], gives: f64(Math.SQRT2) },
  { does: 'div.rn.f32 %d, %a, %b;', on: [f32(1), f32(3)], gives: f32(1 / 3) },
  { does: 'mov.b32 %d, 0f3F800000;', on: [u32(0)], gives: f32(1) },
  { does: 'add.f64 %d, %a, 0d3FF0000000000000;', on: [f64(0.1)], gives: f64(1.1) },
  {
    does: 'testp.infinite.f32 %p, %a; selp.b32 %d, 1, 0, %p;',
    on: [f32(Number.POSITIVE_INFINITY, 1)],
    gives: u32(1, 0),
  },
  { does: 'cvt.rni.s32.f32 %d, %a;', on: [f32(0.5, 1.5, -2.5, 3e9, Number.NaN)], gives: s32(0, 2, -2, 2 ** 31 - 1, 0) },
  { does: 'cvt.rzi.u32.f32 %d, %a;', on: [f32(-1.5, 1.9, 5e9)], gives: u32(0, 1, 0xffffffff) },
  { does: 'cvt.rmi.f32.f32 %d, %a;', on: [f32(-1.5)], gives: f32(-2) },
  { does: 'cvt.rn.f32.u32 %d, %a;', on: [u32(0xffffffff)], gives: f32(2 ** 32) },
  { does: 'cvt.rz.f32.u32 %d, %a;', on: [u32(0xffffffff)], gives: f32(2 ** 32 - 256) },
  { does: 'cvt.rn.f32.s64 %d, %a;', on: [s64(-(2n ** 40n) - 1n)], gives: f32(-(2 ** 40)) },
  { does: 'cvt.rn.f32.f64 %d, %a;', on: [f64(1 + 2 ** -24, 1 + 2 ** -23)], gives: f32(1, 1 + ULP) },
  { does: 'cvt.sat.f32.f32 %d, %a;', on: [f32(2, -1, 0.5)], gives: f32(1, 0, 0.5) },
  { does: 'cvt.s64.s32 %d, %a;', on: [s32(-2)], gives: s64(-2n) },
  { does: 'cvt.u64.u32 %d, %a;', on: [s32(-2)], gives: s64(0xfffffffen) },
  { does: 'cvt.s32.s8 %d, %a;', on: [u32(0x1ff, 0x7f)], gives: s32(-1, 127) },
  { does: 'cvt.u32.u8 %d, %a;', on: [u32(0x1ff)], gives: u32(255) },
  { does: 'cvt.sat.s8.s32 %d, %a;', on: [s32(300, -300)], gives: s32(127, -128) },
  { does: 'cvt.u16.u32 %d, %a;', on: [u32(0x12345)], gives: u16(0x2345) },
  // ties to even; the largest float is infinite
  {
    does: 'cvt.rn.bf16.f32 %d, %a;',
    on: [f32(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1.5, 3.4028234e38)],
    gives: u16(0x3f80, 0x3f82, 0xbfc0, 0x7f80),
  },
  { does: 'cvt.rn.bf16x2.f32 %d, %a, %b;', on: [f32(1), f32(2)], gives: u32(0x3f804000) },
  { does: 'cvt.f32.bf16 %d, %a;', on: [u16(0xc040)], gives: f32(-3) },
  {
    does: 'cvt.rn.f16.f32 %d, %a;',
    on: [f32(65504, 65520, 2 ** -24, 2 ** -26, -1.5)],
    gives: u16(0x7bff, 0x7c00, 1, 0, 0xbe00),
  },
  { does: 'cvt.rz.f16.f32 %d, %a;', on: [f32(65519, -2047.9)], gives: u16(0x7bff, 0xe7ff) },
  { does: 'cvt.f32.f16 %d, %a;', on: [u16(0x3555, 1)], gives: f32(0.333251953125, 2 ** -24) },
  { does: 'cvt.rna.tf32.f32 %d, %a;', on: [f32(1 + 2 ** -11, 1 + 2 ** -12)], gives: f32(1 + 2 ** -10, 1) },
  {
    does: 'fma.rn.bf16x2 %d, %a, %b, %c;',
    on: [u32(0x3f804000), u32(0x40004000), u32(0x3f803f80)],
    gives: u32(0x404040a0),
  },
  // 1 + 2^-8 is halfway; a little more goes up, and is not lost in between
  {
    does: 'fma.rn.bf16 %d, %a, %b, %c;',
    on: [u16(0x3b80, 0x3b80), u16(0x3f80, 0x3f81), u16(0x3f80, 0x3f80)],
    gives: u16(0x3f80, 0x3f81),
  },
  { does: 'add.rn.bf16 %d, %a, %b;', on: [u16(0x4300), u16(0x3f00)], gives: u16(0x4300) },
  { does: 'max.bf16x2 %d, %a, %b;', on: [u32(0x3f80c000), u32(0x40003f80)], gives: u32(0x40003f80) },
  { does: 'mul.f16x2 %d, %a, %b;', on: [u32(0x3c004000), u32(0x42003e00)], gives: u32(0x42004200) },
  { does: 'neg.bf16x2 %d, %a;', on: [u32(0x3f80bf80)], gives: u32(0xbf803f80) },
  { does: 'mov.b32 {%h, %l}, %a; mov.b32 %d, {%l, %h};', on: [u32(0x12345678)], gives: u32(0x56781234) },
  { does: 'mov.b64 %d, {%a, %b};', on: [u32(1), u32(2)], gives: u64(0x200000001n) },
];

const bits = (numbers: Numbers): number => 8 * numbers.BYTES_PER_ELEMENT;

it.each(cases)('$does', async ({ does, on, gives }) => {
  const { allocate, load } = await openInterpreter();
  const threads = gives.length;
  const names = ['a', 'b', 'c'].slice(0, on.length);
  const at = (name: string, numbers: Numbers): string => `
      ld.param.u64 %at, [${name}];
      mul.wide.u32 %offset, %tid.x, ${numbers.BYTES_PER_ELEMENT};
      add.u64 %at, %at, %offset;`;
  const run = load(`
    .version 8.0
    .target sm_80
    .address_size 64
    .visible .entry apply(${['d', ...names].map((name) => `.param .u64 ${name}`).join(', ')}) {
      .reg .b64 %at, %offset;
      .reg .b32 %t;
      .reg .b16 %h, %l;
      .reg .pred %p, %q;
      .reg .b${bits(gives)} %d;
      ${names.map((name, n) => `.reg .b${bits(on[n]!)} %${name};`).join(' ')}
      ${names.map((name, n) => `${at(name, on[n]!)} ld.global.b${bits(on[n]!)} %${name}, [%at];`).join('')}
      ${does}
      ${at('d', gives)}
      st.global.b${bits(gives)} [%at], %d;
      ret;
    }`);
  const result = allocate(gives.byteLength);
  const parameters = [result, ...on.map((numbers) => allocate(numbers))].map(({ address }) => address);
  run('apply', { block: [threads], parameters });
  expect(result.read(gives.slice())).toEqual(gives);
});
