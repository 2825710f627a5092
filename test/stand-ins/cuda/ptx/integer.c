/** Arithmetic of whole numbers. */
#include "operations.h"

BINARY(add_16, uint16_t, uint16_t, uint16_t, (uint16_t)(a[l] + b[l]))
BINARY(add_32, uint32_t, uint32_t, uint32_t, a[l] + b[l])
BINARY(add_64, uint64_t, uint64_t, uint64_t, a[l] + b[l])
BINARY(sub_16, uint16_t, uint16_t, uint16_t, (uint16_t)(a[l] - b[l]))
BINARY(sub_32, uint32_t, uint32_t, uint32_t, a[l] - b[l])
BINARY(sub_64, uint64_t, uint64_t, uint64_t, a[l] - b[l])
BINARY(mul_16, uint16_t, uint16_t, uint16_t, (uint16_t)((uint32_t)a[l] * b[l]))
BINARY(mul_32, uint32_t, uint32_t, uint32_t, a[l] * b[l])
BINARY(mul_64, uint64_t, uint64_t, uint64_t, a[l] * b[l])
BINARY(mul_hi_u16, uint16_t, uint16_t, uint16_t, (uint16_t)((uint32_t)a[l] * b[l] >> 16))
BINARY(mul_hi_s16, int16_t, int16_t, int16_t, (int16_t)((int32_t)a[l] * b[l] >> 16))
BINARY(mul_hi_u32, uint32_t, uint32_t, uint32_t, (uint32_t)((uint64_t)a[l] * b[l] >> 32))
BINARY(mul_hi_s32, int32_t, int32_t, int32_t, (int32_t)((int64_t)a[l] * b[l] >> 32))
BINARY(mul_hi_u64, uint64_t, uint64_t, uint64_t, (uint64_t)((unsigned __int128)a[l] * b[l] >> 64))
BINARY(mul_hi_s64, int64_t, int64_t, int64_t, (int64_t)((__int128)a[l] * b[l] >> 64))
BINARY(mul_wide_u16, uint32_t, uint16_t, uint16_t, (uint32_t)a[l] * b[l])
BINARY(mul_wide_s16, int32_t, int16_t, int16_t, (int32_t)a[l] * b[l])
BINARY(mul_wide_u32, uint64_t, uint32_t, uint32_t, (uint64_t)a[l] * b[l])
BINARY(mul_wide_s32, int64_t, int32_t, int32_t, (int64_t)a[l] * b[l])
TERNARY(mad_16, uint16_t, uint16_t, uint16_t, uint16_t, (uint16_t)((uint32_t)a[l] * b[l] + c[l]))
TERNARY(mad_32, uint32_t, uint32_t, uint32_t, uint32_t, a[l] * b[l] + c[l])
TERNARY(mad_64, uint64_t, uint64_t, uint64_t, uint64_t, a[l] * b[l] + c[l])
TERNARY(mad_hi_u32, uint32_t, uint32_t, uint32_t, uint32_t, (uint32_t)((uint64_t)a[l] * b[l] >> 32) + c[l])
TERNARY(mad_hi_s32, uint32_t, int32_t, int32_t, uint32_t, (uint32_t)((int64_t)a[l] * b[l] >> 32) + c[l])
TERNARY(mad_hi_u64, uint64_t, uint64_t, uint64_t, uint64_t, (uint64_t)((unsigned __int128)a[l] * b[l] >> 64) + c[l])
TERNARY(mad_hi_s64, uint64_t, int64_t, int64_t, uint64_t, (uint64_t)((__int128)a[l] * b[l] >> 64) + c[l])
TERNARY(mad_wide_u16, uint32_t, uint16_t, uint16_t, uint32_t, (uint32_t)a[l] * b[l] + c[l])
TERNARY(mad_wide_s16, uint32_t, int16_t, int16_t, uint32_t, (uint32_t)((int32_t)a[l] * b[l]) + c[l])
TERNARY(mad_wide_u32, uint64_t, uint32_t, uint32_t, uint64_t, (uint64_t)a[l] * b[l] + c[l])
TERNARY(mad_wide_s32, uint64_t, int32_t, int32_t, uint64_t, (uint64_t)((int64_t)a[l] * b[l]) + c[l])

/* A division by zero gives all ones, as the hardware does; the smallest number by -1 wraps. */
#define DIVISIONS(bits, U, S) \
  BINARY(div_u##bits, U, U, U, b[l] ? (U)(a[l] / b[l]) : (U)-1) \
  BINARY(div_s##bits, S, S, S, b[l] == 0 ? (S)-1 : b[l] == -1 ? (S)(0 - (U)a[l]) : (S)(a[l] / b[l])) \
  BINARY(rem_u##bits, U, U, U, b[l] ? (U)(a[l] % b[l]) : a[l]) \
  BINARY(rem_s##bits, S, S, S, b[l] == 0 ? a[l] : b[l] == -1 ? (S)0 : (S)(a[l] % b[l]))
DIVISIONS(16, uint16_t, int16_t)
DIVISIONS(32, uint32_t, int32_t)
DIVISIONS(64, uint64_t, int64_t)

#define ORDERS(bits, U, S) \
  BINARY(min_u##bits, U, U, U, a[l] < b[l] ? a[l] : b[l]) \
  BINARY(min_s##bits, S, S, S, a[l] < b[l] ? a[l] : b[l]) \
  BINARY(max_u##bits, U, U, U, a[l] > b[l] ? a[l] : b[l]) \
  BINARY(max_s##bits, S, S, S, a[l] > b[l] ? a[l] : b[l]) \
  UNARY(neg_##bits, U, U, (U)(0 - a[l])) \
  UNARY(abs_##bits, U, S, (U)(a[l] < 0 ? 0 - (U)a[l] : (U)a[l]))
ORDERS(16, uint16_t, int16_t)
ORDERS(32, uint32_t, int32_t)
ORDERS(64, uint64_t, int64_t)

TERNARY(sad_u32, uint32_t, uint32_t, uint32_t, uint32_t, c[l] + (a[l] > b[l] ? a[l] - b[l] : b[l] - a[l]))
TERNARY(sad_s32, uint32_t, int32_t, int32_t, uint32_t,
        c[l] + (a[l] > b[l] ? (uint32_t)a[l] - (uint32_t)b[l] : (uint32_t)b[l] - (uint32_t)a[l]))

static int32_t clamp_32(int64_t x) { return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x; }
BINARY(add_sat, int32_t, int32_t, int32_t, clamp_32((int64_t)a[l] + b[l]))
BINARY(sub_sat, int32_t, int32_t, int32_t, clamp_32((int64_t)a[l] - b[l]))


/** Sums of products of four bytes; form: 1, a is signed; 2, b is signed. */
static void dp4a(warp *w, const instruction *i) {
  uint32_t *d = lanes(w, i->d);
  const uint32_t *a = lanes(w, i->a), *b = lanes(w, i->b), *c = lanes(w, i->c);
  EACH_ACTIVE(w, l) {
    uint32_t sum = c[l];
    for (int byte = 0; byte < 32; byte += 8) {
      int32_t x = i->form & 1 ? (int8_t)(a[l] >> byte) : (uint8_t)(a[l] >> byte);
      int32_t y = i->form & 2 ? (int8_t)(b[l] >> byte) : (uint8_t)(b[l] >> byte);
      sum += (uint32_t)(x * y);
    }
    d[l] = sum;
  }
}

#define BOTH(name, modifier, shape16, shape32, shape64, stem) \
  {name, modifier, U16, shape16, stem##_16}, {name, modifier, S16, shape16, stem##_16}, \
  {name, modifier, U32, shape32, stem##_32}, {name, modifier, S32, shape32, stem##_32}, \
  {name, modifier, U64, shape64, stem##_64}, {name, modifier, S64, shape64, stem##_64}
#define EACH(name, modifier, stem) \
  {name, modifier, U16, "222", stem##_u16}, {name, modifier, S16, "222", stem##_s16}, \
  {name, modifier, U32, "444", stem##_u32}, {name, modifier, S32, "444", stem##_s32}, \
  {name, modifier, U64, "888", stem##_u64}, {name, modifier, S64, "888", stem##_s64}

static const row rows[] = {
    {"add", "sat", S32, "444", add_sat},
    {"sub", "sat", S32, "444", sub_sat},
    BOTH("add", NULL, "222", "444", "888", add),
    BOTH("sub", NULL, "222", "444", "888", sub),
    BOTH("mul", "lo", "222", "444", "888", mul),
    BOTH("mad", "lo", "2222", "4444", "8888", mad),
    EACH("mul", "hi", mul_hi),
    {"mul", "wide", U16, "422", mul_wide_u16},
    {"mul", "wide", S16, "422", mul_wide_s16},
    {"mul", "wide", U32, "844", mul_wide_u32},
    {"mul", "wide", S32, "844", mul_wide_s32},
    {"mad", "hi", U32, "4444", mad_hi_u32},
    {"mad", "hi", S32, "4444", mad_hi_s32},
    {"mad", "hi", U64, "8888", mad_hi_u64},
    {"mad", "hi", S64, "8888", mad_hi_s64},
    {"mad", "wide", U16, "4224", mad_wide_u16},
    {"mad", "wide", S16, "4224", mad_wide_s16},
    {"mad", "wide", U32, "8448", mad_wide_u32},
    {"mad", "wide", S32, "8448", mad_wide_s32},
    EACH("div", NULL, div),
    EACH("rem", NULL, rem),
    EACH("min", NULL, min),
    EACH("max", NULL, max),
    {"neg", NULL, S16, "22", neg_16},
    {"neg", NULL, S32, "44", neg_32},
    {"neg", NULL, S64, "88", neg_64},
    {"abs", NULL, S16, "22", abs_16},
    {"abs", NULL, S32, "44", abs_32},
    {"abs", NULL, S64, "88", abs_64},
    {"sad", NULL, U32, "4444", sad_u32},
    {"sad", NULL, S32, "4444", sad_s32},
};

int decode_integer(parser *p, const statement *s) {
  if (!is(s, "dp4a") && !(s->modifier_count && has(s, "cc"))) return decode_row(p, s, ROWS(rows));
  if (!is(s, "dp4a") || s->type_count != 2 || s->count != 4) return 0;
  instruction i = new_instruction(p, s);
  i.run = dp4a;
  i.form = (uint32_t)((s->types[0] == S32) | (s->types[1] == S32) << 1);
  i.d = destination(p, s, &s->operands[0], 4);
  i.a = source(p, s, &s->operands[1], 4);
  i.b = source(p, s, &s->operands[2], 4);
  i.c = source(p, s, &s->operands[3], 4);
  append(p, &i);
  return 1;
}
