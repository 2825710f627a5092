/** Arithmetic of float and double, and the roundings and flushings of an instruction. */
#include <fenv.h>
#include <float.h>
#include <math.h>

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

#include "operations.h"

/* MXCSR: denormals as zero (DAZ) and to zero (FTZ). */
#define FLUSHES 0x8040u

void in_environment(warp *w, const instruction *i) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
#ifdef __x86_64__
  static const uint32_t bits[] = {0, 0x6000, 0x2000, 0x4000};
  (void)modes;
  uint32_t before = _mm_getcsr();
  _mm_setcsr((before & ~0x6000u) | bits[i->rounding] | (i->flushes ? FLUSHES : 0));
  i->inner(w, i);
  _mm_setcsr(before);
#else
  fesetround(modes[i->rounding]);
  i->inner(w, i);
  fesetround(FE_TONEAREST);
#endif
}

#define ARITHMETIC(name, F, fused) \
  BINARY(add_##name, F, F, F, a[l] + b[l]) \
  BINARY(sub_##name, F, F, F, a[l] - b[l]) \
  BINARY(mul_##name, F, F, F, a[l] * b[l]) \
  BINARY(div_##name, F, F, F, a[l] / b[l]) \
  TERNARY(fma_##name, F, F, F, F, fused(a[l], b[l], c[l])) \
  UNARY(rcp_##name, F, F, 1 / a[l])
ARITHMETIC(f32, float, __builtin_fmaf)
ARITHMETIC(f64, double, __builtin_fma)

UNARY(sqrt_f32, float, float, __builtin_sqrtf(a[l]))
UNARY(sqrt_f64, double, double, __builtin_sqrt(a[l]))
UNARY(rsqrt_f32, float, float, (float)(1 / __builtin_sqrt((double)a[l])))
UNARY(rsqrt_f64, double, double, 1 / __builtin_sqrt(a[l]))
UNARY(ex2, float, float, exp2f(a[l]))
UNARY(lg2, float, float, log2f(a[l]))
UNARY(sine, float, float, (float)sin(a[l]))
UNARY(cosine, float, float, (float)cos(a[l]))
UNARY(tangent, float, float, (float)tanh(a[l]))

UNARY(neg_f32, uint32_t, uint32_t, a[l] ^ 0x80000000u)
UNARY(abs_f32, uint32_t, uint32_t, a[l] & 0x7fffffffu)
UNARY(neg_f64, uint64_t, uint64_t, a[l] ^ (uint64_t)1 << 63)
UNARY(abs_f64, uint64_t, uint64_t, a[l] & ~((uint64_t)1 << 63))
BINARY(copysign_f32, uint32_t, uint32_t, uint32_t, (a[l] & 0x80000000u) | (b[l] & 0x7fffffffu))
BINARY(copysign_f64, uint64_t, uint64_t, uint64_t, (a[l] & (uint64_t)1 << 63) | (b[l] & ~((uint64_t)1 << 63)))

/* A number wins over a NaN; with .NaN a NaN wins. -0 is less than +0. */
#define EXTREMES(name, F, signbit) \
  static inline F smaller_##name(F a, F b) { \
    F less = a < b || (a == b && signbit(a)) ? a : b; \
    return a != a ? b : b != b ? a : less; \
  } \
  static inline F larger_##name(F a, F b) { \
    F more = a > b || (a == b && !signbit(a)) ? a : b; \
    return a != a ? b : b != b ? a : more; \
  } \
  BINARY(min_##name, F, F, F, smaller_##name(a[l], b[l])) \
  BINARY(max_##name, F, F, F, larger_##name(a[l], b[l])) \
  BINARY(min_nan_##name, F, F, F, a[l] != a[l] || b[l] != b[l] ? (F)NAN : smaller_##name(a[l], b[l])) \
  BINARY(max_nan_##name, F, F, F, a[l] != a[l] || b[l] != b[l] ? (F)NAN : larger_##name(a[l], b[l]))
EXTREMES(f32, float, __builtin_signbitf)
EXTREMES(f64, double, __builtin_signbit)

UNARY(saturate_f32, float, float, a[l] > 0 ? a[l] < 1 ? a[l] : 1 : 0)
UNARY(saturate_f64, double, double, a[l] > 0 ? a[l] < 1 ? a[l] : 1 : 0)
UNARY(relu_f32, float, float, a[l] > 0 ? a[l] : a[l] != a[l] ? a[l] : 0)

void append_saturation(parser *p, const statement *s, const instruction *of) {
  instruction i = *of;
  i.run = s->types[0] == F64 ? saturate_f64 : saturate_f32;
  if (s->types[0] != F32 && s->types[0] != F64)
    parse_failed(p, "%.*s: .sat of this type is not supported", (int)s->opcode.length, s->opcode.at);
  i.a = i.d;
  append(p, &i);
}

void append_relu(parser *p, const statement *s, const instruction *of) {
  if (s->types[0] != F32)
    parse_failed(p, "%.*s: .relu of this type is not supported", (int)s->opcode.length, s->opcode.at);
  instruction i = *of;
  i.run = relu_f32;
  i.a = i.d;
  append(p, &i);
}

/** Whether a number is of a class: `testp.finite` and its like. */
static void testp(warp *w, const instruction *i) {
  uint32_t result = 0;
  EACH_ACTIVE(w, l) {
    double x = i->bytes == 8 ? ((const double *)lanes(w, i->a))[l] : (double)((const float *)lanes(w, i->a))[l];
    double smallest = i->bytes == 8 ? DBL_MIN : FLT_MIN;
    int is_finite = __builtin_isfinite(x);
    const int classes[] = {is_finite, !!__builtin_isinf(x), x == x, x != x, is_finite && fabs(x) >= smallest,
                           x != 0 && fabs(x) < smallest};
    result |= (uint32_t)classes[i->form] << l;
  }
  set_predicate(w, i->d, result);
}

static int decode_test(parser *p, const statement *s) {
  static const char *const classes[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  instruction i = new_instruction(p, s);
  i.run = testp;
  i.bytes = (uint8_t)type_bytes(s->types[0]);
  i.form = 6;
  for (uint32_t k = 0; k < 6; k++)
    if (has(s, classes[k])) i.form = k;
  if (i.form == 6 || s->count != 2) return 0;
  i.d = destination(p, s, &s->operands[0], 0);
  i.a = source(p, s, &s->operands[1], i.bytes);
  append(p, &i);
  return 1;
}

#define FLOATS(name, modifier, shape32, shape64, stem) \
  {name, modifier, F32, shape32, stem##_f32}, {name, modifier, F64, shape64, stem##_f64}

static const row rows[] = {
    FLOATS("add", NULL, "444", "888", add),
    FLOATS("sub", NULL, "444", "888", sub),
    FLOATS("mul", NULL, "444", "888", mul),
    FLOATS("div", NULL, "444", "888", div),
    FLOATS("fma", NULL, "4444", "8888", fma),
    FLOATS("mad", NULL, "4444", "8888", fma),
    FLOATS("rcp", NULL, "44", "88", rcp),
    FLOATS("sqrt", NULL, "44", "88", sqrt),
    FLOATS("rsqrt", NULL, "44", "88", rsqrt),
    FLOATS("neg", NULL, "44", "88", neg),
    FLOATS("abs", NULL, "44", "88", abs),
    FLOATS("copysign", NULL, "444", "888", copysign),
    FLOATS("min", "NaN", "444", "888", min_nan),
    FLOATS("max", "NaN", "444", "888", max_nan),
    FLOATS("min", NULL, "444", "888", min),
    FLOATS("max", NULL, "444", "888", max),
    {"ex2", NULL, F32, "44", ex2},
    {"lg2", NULL, F32, "44", lg2},
    {"sin", NULL, F32, "44", sine},
    {"cos", NULL, F32, "44", cosine},
    {"tanh", NULL, F32, "44", tangent},
};

int decode_real(parser *p, const statement *s) {
  return is(s, "testp") ? decode_test(p, s) : decode_row(p, s, ROWS(rows));
}
