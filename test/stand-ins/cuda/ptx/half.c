/** Arithmetic of bfloat16 and half, single and in pairs. */
#include "half.h"

#include <math.h>

/* A number wins over a NaN. -0 is less than +0. */
static inline double smaller(double a, double b) {
  if (a != a || b != b) return a != a ? b : a;
  return a < b || (a == b && signbit(a)) ? a : b;
}
static inline double larger(double a, double b) {
  if (a != a || b != b) return a != a ? b : a;
  return a > b || (a == b && !signbit(a)) ? a : b;
}
static inline double any_nan(double a, double b, double otherwise) { return a != a || b != b ? NAN : otherwise; }
static inline double positive(double x) { return x > 0 || x != x ? x : 0; }

/** For each of the formats the operation on one number, and on two in a word. x, y and z are the operands. */
#define FORMAT(name, value, of, expression) \
  static void name(warp *w, const instruction *i) { \
    uint16_t *d = lanes(w, i->d); \
    const uint16_t *a = lanes(w, i->a), *b = lanes(w, i->b), *c = lanes(w, i->c); \
    EACH_ACTIVE(w, l) { \
      const double x = value(a[l]), y = value(b[l]), z = value(c[l]); \
      (void)x, (void)y, (void)z; \
      d[l] = of(expression); \
    } \
  } \
  static void name##x2(warp *w, const instruction *i) { \
    uint16_t *d = lanes(w, i->d); \
    const uint16_t *a = lanes(w, i->a), *b = lanes(w, i->b), *c = lanes(w, i->c); \
    EACH_ACTIVE(w, l) for (uint32_t h = 2 * l; h < 2 * l + 2; h++) { \
      const double x = value(a[h]), y = value(b[h]), z = value(c[h]); \
      (void)x, (void)y, (void)z; \
      d[h] = of(expression); \
    } \
  }
#define FORMATS(name, expression) \
  FORMAT(name##_bf16, bf16_value, bf16_of, expression) \
  FORMAT(name##_f16, f16_value, f16_of, expression)

FORMATS(add, odd_fma(x, 1, y))
FORMATS(sub, odd_fma(-y, 1, x))
FORMATS(mul, x *y)
FORMATS(fma, odd_fma(x, y, z))
FORMATS(fma_relu, positive(odd_fma(x, y, z)))
FORMATS(min, smaller(x, y))
FORMATS(max, larger(x, y))
FORMATS(min_nan, any_nan(x, y, smaller(x, y)))
FORMATS(max_nan, any_nan(x, y, larger(x, y)))
FORMATS(ex2, exp2(x))
FORMATS(tangent, tanh(x))

UNARY(neg_16, uint16_t, uint16_t, a[l] ^ 0x8000)
UNARY(abs_16, uint16_t, uint16_t, a[l] & 0x7fff)
UNARY(neg_16x2, uint32_t, uint32_t, a[l] ^ 0x80008000u)
UNARY(abs_16x2, uint32_t, uint32_t, a[l] & 0x7fff7fffu)

#define EACH(name, modifier, single, pair, stem) \
  {name, modifier, BF16, single, stem##_bf16}, {name, modifier, BF16X2, pair, stem##_bf16x2}, \
  {name, modifier, F16, single, stem##_f16}, {name, modifier, F16X2, pair, stem##_f16x2}
#define SIGNS(name, stem) \
  {name, NULL, BF16, "22", stem##_16}, {name, NULL, BF16X2, "44", stem##_16x2}, \
  {name, NULL, F16, "22", stem##_16}, {name, NULL, F16X2, "44", stem##_16x2}

static const row rows[] = {
    EACH("add", NULL, "222", "444", add),
    EACH("sub", NULL, "222", "444", sub),
    EACH("mul", NULL, "222", "444", mul),
    EACH("fma", "relu", "2222", "4444", fma_relu),
    EACH("fma", NULL, "2222", "4444", fma),
    EACH("min", "NaN", "222", "444", min_nan),
    EACH("max", "NaN", "222", "444", max_nan),
    EACH("min", NULL, "222", "444", min),
    EACH("max", NULL, "222", "444", max),
    EACH("ex2", NULL, "22", "44", ex2),
    EACH("tanh", NULL, "22", "44", tangent),
    SIGNS("neg", neg),
    SIGNS("abs", abs),
};

int decode_half(parser *p, const statement *s) { return decode_row(p, s, ROWS(rows)); }
