/** Bits: logic, shifts, fields, permutations. */
#include "operations.h"

#define LOGIC(bits, U) \
  BINARY(and_##bits, U, U, U, a[l] & b[l]) \
  BINARY(or_##bits, U, U, U, a[l] | b[l]) \
  BINARY(xor_##bits, U, U, U, a[l] ^ b[l]) \
  UNARY(not_##bits, U, U, (U)~a[l]) \
  UNARY(cnot_##bits, U, U, (U)(a[l] == 0))
LOGIC(16, uint16_t)
LOGIC(32, uint32_t)
LOGIC(64, uint64_t)

/* Shifts by more than the width give what a shift by the width would. */
#define SHIFTS(bits, U, S) \
  BINARY(shl_##bits, U, U, uint32_t, b[l] < bits ? (U)((uint64_t)a[l] << b[l]) : (U)0) \
  BINARY(shr_u##bits, U, U, uint32_t, b[l] < bits ? (U)(a[l] >> b[l]) : (U)0) \
  BINARY(shr_s##bits, S, S, uint32_t, (S)(a[l] >> (b[l] < bits ? b[l] : bits - 1)))
SHIFTS(16, uint16_t, int16_t)
SHIFTS(32, uint32_t, int32_t)
SHIFTS(64, uint64_t, int64_t)

static inline uint32_t clamped(uint32_t n) { return n < 32 ? n : 32; }
static inline uint64_t joined(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }
TERNARY(shf_l_wrap, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)(joined(a[l], b[l]) << (c[l] & 31) >> 32))
TERNARY(shf_r_wrap, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)(joined(a[l], b[l]) >> (c[l] & 31)))
TERNARY(shf_l_clamp, uint32_t, uint32_t, uint32_t, uint32_t,
        c[l] < 32 ? (uint32_t)(joined(a[l], b[l]) << c[l] >> 32) : a[l])
TERNARY(shf_r_clamp, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)(joined(a[l], b[l]) >> clamped(c[l])))

UNARY(popc_32, uint32_t, uint32_t, (uint32_t)__builtin_popcount(a[l]))
UNARY(popc_64, uint32_t, uint64_t, (uint32_t)__builtin_popcountll(a[l]))
UNARY(clz_32, uint32_t, uint32_t, a[l] ? (uint32_t)__builtin_clz(a[l]) : 32)
UNARY(clz_64, uint32_t, uint64_t, a[l] ? (uint32_t)__builtin_clzll(a[l]) : 64)

static uint32_t reversed(uint32_t x) {
  x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
  x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
  x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
  return __builtin_bswap32(x);
}
UNARY(brev_32, uint32_t, uint32_t, reversed(a[l]))
UNARY(brev_64, uint64_t, uint64_t, joined(reversed((uint32_t)(a[l] >> 32)), reversed((uint32_t)a[l])))

/** The highest set bit of a number, or of its complement if it is negative. */
static uint32_t highest(uint64_t x) { return x ? 63 - (uint32_t)__builtin_clzll(x) : ALL_LANES; }
static uint32_t shift_amount(uint32_t position, uint32_t bits) {
  return position == ALL_LANES ? ALL_LANES : bits - 1 - position;
}
UNARY(bfind_u32, uint32_t, uint32_t, highest(a[l]))
UNARY(bfind_u64, uint32_t, uint64_t, highest(a[l]))
UNARY(bfind_s32, uint32_t, int32_t, highest((uint32_t)(a[l] < 0 ? ~a[l] : a[l])))
UNARY(bfind_s64, uint32_t, int64_t, highest((uint64_t)(a[l] < 0 ? ~a[l] : a[l])))
UNARY(bfind_shift_u32, uint32_t, uint32_t, shift_amount(highest(a[l]), 32))
UNARY(bfind_shift_u64, uint32_t, uint64_t, shift_amount(highest(a[l]), 64))
UNARY(bfind_shift_s32, uint32_t, int32_t, shift_amount(highest((uint32_t)(a[l] < 0 ? ~a[l] : a[l])), 32))
UNARY(bfind_shift_s64, uint32_t, int64_t, shift_amount(highest((uint64_t)(a[l] < 0 ? ~a[l] : a[l])), 64))

/** `length` bits of x from a position on, filled up with the field's sign if it is signed. */
static uint64_t field(uint64_t x, uint32_t position, uint32_t length, uint32_t bits, int is_signed) {
  position &= 0xff, length &= 0xff;
  uint64_t sign = 0;
  if (is_signed && length) {
    uint32_t last = position + length - 1;
    sign = x >> (last < bits ? last : bits - 1) & 1;
  }
  uint64_t value = position < bits ? x >> position : 0;
  if (position + length > bits) length = position < bits ? bits - position : 0;
  if (length >= 64) return value;
  uint64_t mask = ((uint64_t)1 << length) - 1;
  return (value & mask) | (sign ? ~mask : 0);
}
TERNARY(bfe_u32, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)field(a[l], b[l], c[l], 32, 0))
TERNARY(bfe_s32, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)field(a[l], b[l], c[l], 32, 1))
TERNARY(bfe_u64, uint64_t, uint64_t, uint32_t, uint32_t, field(a[l], b[l], c[l], 64, 0))
TERNARY(bfe_s64, uint64_t, uint64_t, uint32_t, uint32_t, field(a[l], b[l], c[l], 64, 1))

static uint64_t inserted(uint64_t bits, uint64_t into, uint32_t position, uint32_t length, uint32_t width) {
  position &= 0xff, length &= 0xff;
  if (position >= width || !length) return into;
  uint64_t mask = (length >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << length) - 1) << position;
  return (into & ~mask) | (bits << position & mask);
}

#define INSERTION(name, U, width) \
  static void name(warp *w, const instruction *i) { \
    U *d = lanes(w, i->d); \
    const U *a = lanes(w, i->a), *b = lanes(w, i->b); \
    const uint32_t *c = lanes(w, i->c), *e = lanes(w, i->e); \
    SET_ACTIVE(w, d, (U)inserted(a[l], b[l], c[l], e[l], width)); \
  }
INSERTION(bfi_32, uint32_t, 32)
INSERTION(bfi_64, uint64_t, 64)

static uint32_t permuted(uint32_t low, uint32_t high, uint32_t selector) {
  uint64_t bytes = joined(low, high);
  uint32_t result = 0;
  for (int n = 0; n < 4; n++) {
    uint32_t nibble = selector >> 4 * n & 15, byte = (uint32_t)(bytes >> 8 * (nibble & 7)) & 0xff;
    if (nibble & 8) byte = byte & 0x80 ? 0xff : 0;
    result |= byte << 8 * n;
  }
  return result;
}
TERNARY(prmt, uint32_t, uint32_t, uint32_t, uint32_t, permuted(a[l], b[l], c[l]))

/** Any logic function of three bits, by its table. */
static void lop3(warp *w, const instruction *i) {
  uint32_t *d = lanes(w, i->d);
  const uint32_t *a = lanes(w, i->a), *b = lanes(w, i->b), *c = lanes(w, i->c);
  const uint32_t table = *(const uint32_t *)lanes(w, i->e);
  uint32_t minterm[8];
  for (int n = 0; n < 8; n++) minterm[n] = table >> n & 1 ? ALL_LANES : 0;
#define MINTERM(n, x, y, z) (minterm[n] & (x) & (y) & (z))
  SET_ACTIVE(w, d,
             MINTERM(0, ~a[l], ~b[l], ~c[l]) | MINTERM(1, ~a[l], ~b[l], c[l]) | MINTERM(2, ~a[l], b[l], ~c[l]) |
                 MINTERM(3, ~a[l], b[l], c[l]) | MINTERM(4, a[l], ~b[l], ~c[l]) | MINTERM(5, a[l], ~b[l], c[l]) |
                 MINTERM(6, a[l], b[l], ~c[l]) | MINTERM(7, a[l], b[l], c[l]));
}

void not_predicate(warp *w, const instruction *i) { set_predicate(w, i->d, ~predicate(w, i->a)); }
static void and_predicate(warp *w, const instruction *i) {
  set_predicate(w, i->d, predicate(w, i->a) & predicate(w, i->b));
}
static void or_predicate(warp *w, const instruction *i) {
  set_predicate(w, i->d, predicate(w, i->a) | predicate(w, i->b));
}
static void xor_predicate(warp *w, const instruction *i) {
  set_predicate(w, i->d, predicate(w, i->a) ^ predicate(w, i->b));
}

#define WIDTHS(name, shape16, shape32, shape64, stem) \
  {name, NULL, B16, shape16, stem##_16}, {name, NULL, B32, shape32, stem##_32}, {name, NULL, B64, shape64, stem##_64}

static const row rows[] = {
    WIDTHS("and", "222", "444", "888", and),
    WIDTHS("or", "222", "444", "888", or),
    WIDTHS("xor", "222", "444", "888", xor),
    WIDTHS("not", "22", "44", "88", not),
    WIDTHS("cnot", "22", "44", "88", cnot),
    {"and", NULL, PREDICATE, "ppp", and_predicate},
    {"or", NULL, PREDICATE, "ppp", or_predicate},
    {"xor", NULL, PREDICATE, "ppp", xor_predicate},
    {"not", NULL, PREDICATE, "pp", not_predicate},
    WIDTHS("shl", "224", "444", "884", shl),
    {"shr", NULL, B16, "224", shr_u16},
    {"shr", NULL, B32, "444", shr_u32},
    {"shr", NULL, B64, "884", shr_u64},
    {"shr", NULL, U16, "224", shr_u16},
    {"shr", NULL, U32, "444", shr_u32},
    {"shr", NULL, U64, "884", shr_u64},
    {"shr", NULL, S16, "224", shr_s16},
    {"shr", NULL, S32, "444", shr_s32},
    {"shr", NULL, S64, "884", shr_s64},
    {"popc", NULL, B32, "44", popc_32},
    {"popc", NULL, B64, "48", popc_64},
    {"clz", NULL, B32, "44", clz_32},
    {"clz", NULL, B64, "48", clz_64},
    {"brev", NULL, B32, "44", brev_32},
    {"brev", NULL, B64, "88", brev_64},
    {"bfind", "shiftamt", U32, "44", bfind_shift_u32},
    {"bfind", "shiftamt", S32, "44", bfind_shift_s32},
    {"bfind", "shiftamt", U64, "48", bfind_shift_u64},
    {"bfind", "shiftamt", S64, "48", bfind_shift_s64},
    {"bfind", NULL, U32, "44", bfind_u32},
    {"bfind", NULL, S32, "44", bfind_s32},
    {"bfind", NULL, U64, "48", bfind_u64},
    {"bfind", NULL, S64, "48", bfind_s64},
    {"bfe", NULL, U32, "4444", bfe_u32},
    {"bfe", NULL, S32, "4444", bfe_s32},
    {"bfe", NULL, U64, "8844", bfe_u64},
    {"bfe", NULL, S64, "8844", bfe_s64},
    {"bfi", NULL, B32, "44444", bfi_32},
    {"bfi", NULL, B64, "88844", bfi_64},
    {"prmt", NULL, B32, "4444", prmt},
    {"lop3", NULL, B32, "44444", lop3},
};

static int decode_funnel(parser *p, const statement *s) {
  if (s->count != 4) return 0;
  int left = has(s, "l"), wraps = has(s, "wrap");
  instruction i = new_instruction(p, s);
  i.run = left ? (wraps ? shf_l_wrap : shf_l_clamp) : wraps ? shf_r_wrap : shf_r_clamp;
  i.d = destination(p, s, &s->operands[0], 4);
  i.a = source(p, s, &s->operands[1], 4);
  i.b = source(p, s, &s->operands[2], 4);
  i.c = source(p, s, &s->operands[3], 4);
  append(p, &i);
  return 1;
}

int decode_logic(parser *p, const statement *s) {
  return is(s, "shf") ? decode_funnel(p, s) : decode_row(p, s, ROWS(rows));
}
