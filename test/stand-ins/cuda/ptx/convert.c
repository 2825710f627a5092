/** Conversions between numbers. */
#include <math.h>
#include <string.h>

#include "half.h"

/* The common ones; `convert` does all. */
UNARY(u32_to_64, uint64_t, uint32_t, a[l])
UNARY(s32_to_64, int64_t, int32_t, a[l])
UNARY(to_32_of_64, uint32_t, uint64_t, (uint32_t)a[l])
UNARY(u16_to_32, uint32_t, uint16_t, a[l])
UNARY(s16_to_32, int32_t, int16_t, a[l])
UNARY(to_16_of_32, uint16_t, uint32_t, (uint16_t)a[l])
UNARY(s32_to_f32, float, int32_t, (float)a[l])
UNARY(u32_to_f32, float, uint32_t, (float)a[l])
UNARY(s32_to_f64, double, int32_t, (double)a[l])
UNARY(f32_to_f64, double, float, (double)a[l])
UNARY(f64_to_f32, float, double, (float)a[l])
UNARY(f32_to_bf16, uint16_t, float, bf16_of_float(a[l]))
UNARY(bf16_to_f32, float, uint16_t, bf16_value(a[l]))
UNARY(f32_to_f16, uint16_t, float, f16_of_float(a[l]))
UNARY(f16_to_f32, float, uint16_t, f16_value(a[l]))
UNARY(saturated, float, float, a[l] > 0 ? a[l] < 1 ? a[l] : 1 : 0)
BINARY(f32_to_bf16x2, uint32_t, float, float, (uint32_t)bf16_of_float(a[l]) << 16 | bf16_of_float(b[l]))
BINARY(f32_to_f16x2, uint32_t, float, float, (uint32_t)f16_of_float(a[l]) << 16 | f16_of_float(b[l]))

typedef enum { NO_INTEGRAL, TO_EVEN, TO_ZERO, TO_FLOOR, TO_CEILING } integral;

typedef struct {
  int is_real;
  double real;
  /** A whole number; above INT64_MAX only if it is unsigned. */
  uint64_t bits;
  int is_signed;
} number;

static number read_number(const void *from, type t) {
  uint64_t bits = 0;
  memcpy(&bits, from, type_bytes(t));
  number n = {.bits = bits, .is_signed = is_signed_type(t)};
  switch (t) {
    case S8: n.bits = (uint64_t)(int8_t)bits; break;
    case S16: n.bits = (uint64_t)(int16_t)bits; break;
    case S32: n.bits = (uint64_t)(int32_t)bits; break;
    case F16: n.is_real = 1, n.real = f16_value((uint16_t)bits); break;
    case BF16: n.is_real = 1, n.real = bf16_value((uint16_t)bits); break;
    case F32: n.is_real = 1, n.real = as_float((uint32_t)bits); break;
    case F64: n.is_real = 1, memcpy(&n.real, &bits, 8); break;
    default: break;
  }
  return n;
}

static double integral_of(double x, integral how) {
  switch (how) {
    case TO_EVEN: return nearbyint(x);
    case TO_ZERO: return trunc(x);
    case TO_FLOOR: return floor(x);
    case TO_CEILING: return ceil(x);
    default: return x;
  }
}

static void limits(type t, double *low, double *high) {
  int bits = (int)type_bytes(t) * 8;
  *low = is_signed_type(t) ? -ldexp(1, bits - 1) : 0;
  *high = ldexp(1, is_signed_type(t) ? bits - 1 : bits);
}

/** A real as a whole number: clamped to what the type holds. */
static uint64_t whole_of(double x, type to, type from) {
  double low, high;
  limits(to, &low, &high);
  unsigned bits = type_bytes(to) * 8;
  if (x != x) return from == F64 || bits == 64 ? (uint64_t)1 << (bits - 1) : 0;
  if (x <= low) return (uint64_t)(int64_t)low;
  if (x >= high) return ~(uint64_t)0 >> (64 - bits + (unsigned)is_signed_type(to));
  return is_signed_type(to) ? (uint64_t)(int64_t)x : (uint64_t)x;
}

static uint64_t saturated_whole(number n, type to) {
  unsigned bits = type_bytes(to) * 8;
  uint64_t most = ~(uint64_t)0 >> (64 - bits + (unsigned)is_signed_type(to));
  int64_t least = is_signed_type(to) ? -(int64_t)most - 1 : 0;
  int is_negative = n.is_signed && (int64_t)n.bits < 0;
  if (is_negative) return (int64_t)n.bits < least ? (uint64_t)least : n.bits;
  return n.bits > most ? most : n.bits;
}

/** The other directions of narrowing to 16 bits: what was rounded to nearest is put right by a step. */
static uint16_t cut_16(uint16_t nearest, double value, double x) {
  return fabs(value) > fabs(x) ? (uint16_t)(nearest - 1) : nearest;
}

static uint64_t real_bits(const instruction *i, number n, type to) {
  if (to == F32 || to == TF32) {
    float f = n.is_real ? (float)n.real : n.is_signed ? (float)(int64_t)n.bits : (float)n.bits;
    return to == TF32 ? (float_bits(f) + 0x1000) & ~0x1fffu : float_bits(f);
  }
  double x = n.is_real ? n.real : n.is_signed ? (double)(int64_t)n.bits : (double)n.bits;
  if (to == F64) {
    uint64_t bits;
    memcpy(&bits, &x, 8);
    return bits;
  }
  uint16_t bits = to == F16 ? f16_of(x) : bf16_of(x);
  if (i->rounding == ROUND_TO_ZERO && x == x) bits = cut_16(bits, to == F16 ? f16_value(bits) : bf16_value(bits), x);
  return bits;
}

/** form: the types, how to make a real whole, and whether to saturate. */
static void convert(warp *w, const instruction *i) {
  const type to = i->form & 0xff, from = i->form >> 8 & 0xff;
  const integral how = i->form >> 16 & 0xff;
  const int saturates = i->form >> 24 & 1, is_relu = i->form >> 25 & 1;
  const unsigned bytes = type_bytes(to);
  uint8_t *d = lanes(w, i->d);
  const uint8_t *a = lanes(w, i->a);
  uint8_t copy[LANES * 8];
  memcpy(copy, a, (size_t)LANES * i->bytes);
  EACH_ACTIVE(w, l) {
    number n = read_number(copy + l * i->bytes, from);
    uint64_t result;
    if (n.is_real) {
      n.real = integral_of(n.real, how);
      if (is_relu && n.real < 0) n.real = 0;
    }
    if (is_integer_type(to)) {
      result = n.is_real ? whole_of(n.real, to, from) : saturates ? saturated_whole(n, to) : n.bits;
      if (bytes < 8) {
        unsigned spare = 64 - 8 * bytes;
        result = is_signed_type(to) ? (uint64_t)((int64_t)(result << spare) >> spare) : result << spare >> spare;
      }
    } else {
      if (saturates) n.real = n.real > 0 ? n.real < 1 ? n.real : 1 : 0;
      result = real_bits(i, n, to);
    }
    memcpy(d + l * i->register_bytes, &result, i->register_bytes);
  }
}

static const struct {
  type to, from;
  const char *modifier;
  operation run;
} common[] = {
    {U64, U32, NULL, u32_to_64}, {S64, U32, NULL, u32_to_64}, {S64, S32, NULL, s32_to_64}, {U64, S32, NULL, s32_to_64},
    {U32, U64, NULL, to_32_of_64}, {U32, S64, NULL, to_32_of_64}, {S32, S64, NULL, to_32_of_64},
    {S32, U64, NULL, to_32_of_64}, {U32, U16, NULL, u16_to_32}, {S32, U16, NULL, u16_to_32},
    {S32, S16, NULL, s16_to_32}, {U32, S16, NULL, s16_to_32}, {U16, U32, NULL, to_16_of_32},
    {S16, S32, NULL, to_16_of_32}, {U16, S32, NULL, to_16_of_32}, {S16, U32, NULL, to_16_of_32},
    {F32, S32, "rn", s32_to_f32}, {F32, U32, "rn", u32_to_f32}, {F64, S32, "rn", s32_to_f64},
    {F64, F32, NULL, f32_to_f64}, {F32, F64, "rn", f64_to_f32}, {BF16, F32, "rn", f32_to_bf16},
    {F32, BF16, NULL, bf16_to_f32}, {F16, F32, "rn", f32_to_f16}, {F32, F16, NULL, f16_to_f32},
    {F32, F32, "sat", saturated},
};

static int decode_common(parser *p, const statement *s, instruction *i, unsigned source_bytes) {
  type to = s->types[0], from = s->types[1];
  for (size_t k = 0; k < sizeof common / sizeof *common; k++) {
    const char *modifier = common[k].modifier;
    if (common[k].to != to || common[k].from != from || s->modifier_count != (modifier != NULL)) continue;
    if (modifier && !has(s, modifier)) continue;
    if (source_bytes != type_bytes(from) || s->operands[0].bytes != type_bytes(to)) continue;
    i->run = common[k].run;
    append(p, i);
    return 1;
  }
  return 0;
}

/** Two floats become the halves of a word, the first the upper one. */
static int decode_pair(parser *p, const statement *s) {
  if (s->count != 3 || s->types[1] != F32 || !has(s, "rn")) return 0;
  instruction i = new_instruction(p, s);
  i.run = s->types[0] == BF16X2 ? f32_to_bf16x2 : f32_to_f16x2;
  i.d = destination(p, s, &s->operands[0], 4);
  i.a = source(p, s, &s->operands[1], 4);
  i.b = source(p, s, &s->operands[2], 4);
  for (int m = 0; m < s->modifier_count; m++)
    if (!span_is(s->modifiers[m], "rn")) return 0;
  append(p, &i);
  return 1;
}

int decode_convert(parser *p, const statement *s) {
  if (!is(s, "cvt") || s->type_count < 2) return 0;
  type to = s->types[0], from = s->types[1];
  if (to == BF16X2 || to == F16X2) return decode_pair(p, s);
  if (s->count != 2 || !type_bytes(to) || !type_bytes(from)) return 0;
  const operand *o = &s->operands[1];
  unsigned source_bytes = o->kind == REGISTER ? o->bytes : type_bytes(from) < 2 ? 2 : type_bytes(from);
  unsigned to_bytes = s->operands[0].kind == REGISTER ? s->operands[0].bytes : 4;
  if (source_bytes < type_bytes(from) || to_bytes < type_bytes(to)) return 0;
  instruction i = new_instruction(p, s);
  i.bytes = (uint8_t)source_bytes;
  i.register_bytes = (uint8_t)to_bytes;
  i.d = destination(p, s, &s->operands[0], to_bytes);
  i.a = source(p, s, o, source_bytes);
  if (decode_common(p, s, &i, source_bytes)) return 1;
  i.run = convert;
  integral how = has(s, "rni")   ? TO_EVEN
                 : has(s, "rzi") ? TO_ZERO
                 : has(s, "rmi") ? TO_FLOOR
                 : has(s, "rpi") ? TO_CEILING
                                 : NO_INTEGRAL;
  i.form = (uint32_t)to | (uint32_t)from << 8 | (uint32_t)how << 16 | (uint32_t)has(s, "sat") << 24 |
           (uint32_t)has(s, "relu") << 25;
  i.rounding = has(s, "rz") ? ROUND_TO_ZERO : has(s, "rm") ? ROUND_DOWN : has(s, "rp") ? ROUND_UP : ROUND_TO_NEAREST;
  i.flushes = has(s, "ftz");
  int is_narrowing_to_16 = to == F16 || to == BF16;
  if (is_narrowing_to_16 && i.rounding > ROUND_TO_ZERO) return 0;
  if ((i.rounding && !is_narrowing_to_16) || i.flushes) {
    if (is_narrowing_to_16) i.rounding = ROUND_TO_NEAREST;
    i.inner = convert, i.run = in_environment;
  }
  append(p, &i);
  return 1;
}
