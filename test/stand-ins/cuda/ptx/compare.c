/** Comparisons, and choices by them. */
#include <string.h>

#include "half.h"

typedef enum { EQ, NE, LT, LE, GT, GE, EQU, NEU, LTU, LEU, GTU, GEU, NUM, NAN_, COMPARISONS } comparison;
static const char *const comparison_names[] = {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu",
                                               "geu", "num", "nan"};

/** For each comparison a function that gives the lanes for which it holds. */
#define LANES_THAT(name, T, value, condition) \
  static uint32_t name(const void *first, const void *second) { \
    const T *p = first, *q = second; \
    uint32_t result = 0; \
    for (int l = 0; l < LANES; l++) { \
      const __auto_type a = value(p[l]); \
      const __auto_type b = value(q[l]); \
      result |= (uint32_t)(condition) << l; \
    } \
    return result; \
  }
#define AS_IT_IS(x) (x)
#define ORDERED(stem, T, value) \
  LANES_THAT(stem##_eq, T, value, a == b) \
  LANES_THAT(stem##_ne, T, value, a < b || a > b) \
  LANES_THAT(stem##_lt, T, value, a < b) \
  LANES_THAT(stem##_le, T, value, a <= b) \
  LANES_THAT(stem##_gt, T, value, a > b) \
  LANES_THAT(stem##_ge, T, value, a >= b)
#define UNORDERED(stem, T, value) \
  LANES_THAT(stem##_equ, T, value, !(a < b || a > b)) \
  LANES_THAT(stem##_neu, T, value, a != b) \
  LANES_THAT(stem##_ltu, T, value, !(a >= b)) \
  LANES_THAT(stem##_leu, T, value, !(a > b)) \
  LANES_THAT(stem##_gtu, T, value, !(a <= b)) \
  LANES_THAT(stem##_geu, T, value, !(a < b)) \
  LANES_THAT(stem##_num, T, value, a == a && b == b) \
  LANES_THAT(stem##_nan, T, value, a != a || b != b)
ORDERED(u16, uint16_t, AS_IT_IS)
ORDERED(s16, int16_t, AS_IT_IS)
ORDERED(u32, uint32_t, AS_IT_IS)
ORDERED(s32, int32_t, AS_IT_IS)
ORDERED(u64, uint64_t, AS_IT_IS)
ORDERED(s64, int64_t, AS_IT_IS)
ORDERED(f32, float, AS_IT_IS)
UNORDERED(f32, float, AS_IT_IS)
ORDERED(f64, double, AS_IT_IS)
UNORDERED(f64, double, AS_IT_IS)
ORDERED(bf16, uint16_t, bf16_value)
UNORDERED(bf16, uint16_t, bf16_value)
ORDERED(f16, uint16_t, f16_value)
UNORDERED(f16, uint16_t, f16_value)

typedef uint32_t (*comparer)(const void *, const void *);
#define SIX(stem) stem##_eq, stem##_ne, stem##_lt, stem##_le, stem##_gt, stem##_ge
#define FOURTEEN(stem) \
  SIX(stem), stem##_equ, stem##_neu, stem##_ltu, stem##_leu, stem##_gtu, stem##_geu, stem##_num, stem##_nan
static const struct {
  type type;
  comparer by[COMPARISONS];
} comparers[] = {
    {U16, {SIX(u16)}}, {S16, {SIX(s16)}}, {B16, {SIX(u16)}}, {U32, {SIX(u32)}}, {S32, {SIX(s32)}}, {B32, {SIX(u32)}},
    {U64, {SIX(u64)}}, {S64, {SIX(s64)}}, {B64, {SIX(u64)}}, {F32, {FOURTEEN(f32)}}, {F64, {FOURTEEN(f64)}},
    {BF16, {FOURTEEN(bf16)}}, {F16, {FOURTEEN(f16)}},
};

typedef enum { ALONE, AND, OR, XOR } combination;

/** The comparer is the instruction's `inner`; form: how a predicate is combined with the result. */
static void setp(warp *w, const instruction *i) {
  uint32_t result = ((comparer)(void (*)(void))i->inner)(lanes(w, i->a), lanes(w, i->b)), inverse = ~result;
  if (i->form) {
    uint32_t with = predicate(w, i->c);
    if (i->form == AND) result &= with, inverse &= with;
    else if (i->form == OR) result |= with, inverse |= with;
    else result ^= with, inverse ^= with;
  }
  set_predicate(w, i->d, result);
  if (i->e != NO_SLOT) set_predicate(w, i->e, inverse);
}

/** As a number: ones or 1.0 where it holds. */
static void set(warp *w, const instruction *i) {
  uint32_t result = ((comparer)(void (*)(void))i->inner)(lanes(w, i->a), lanes(w, i->b));
  if (i->form == AND) result &= predicate(w, i->c);
  if (i->form == OR) result |= predicate(w, i->c);
  if (i->form == XOR) result ^= predicate(w, i->c);
  if (i->bytes == 2) {
    uint16_t *d = lanes(w, i->d);
    SET_ACTIVE(w, d, result >> l & 1 ? (uint16_t)i->offset : 0);
  } else {
    uint32_t *d = lanes(w, i->d);
    SET_ACTIVE(w, d, result >> l & 1 ? (uint32_t)i->offset : 0);
  }
}

#define CHOICE(bits, U) \
  static void selp_##bits(warp *w, const instruction *i) { \
    U *d = lanes(w, i->d); \
    const U *a = lanes(w, i->a), *b = lanes(w, i->b); \
    const uint32_t which = predicate(w, i->c); \
    SET_ACTIVE(w, d, which >> l & 1 ? a[l] : b[l]); \
  } \
  TERNARY(slct_s_##bits, U, U, U, int32_t, c[l] >= 0 ? a[l] : b[l]) \
  TERNARY(slct_f_##bits, U, U, U, float, c[l] >= 0 ? a[l] : b[l])
CHOICE(16, uint16_t)
CHOICE(32, uint32_t)
CHOICE(64, uint64_t)

static int decode_select(parser *p, const statement *s) {
  unsigned bytes = type_bytes(s->types[0]);
  if (s->count != 4 || bytes < 2 || bytes > 8) return 0;
  instruction i = new_instruction(p, s);
  i.d = destination(p, s, &s->operands[0], bytes);
  i.a = source(p, s, &s->operands[1], bytes);
  i.b = source(p, s, &s->operands[2], bytes);
  if (is(s, "selp")) {
    i.c = predicate_source(p, s, &s->operands[3]);
    i.run = bytes == 2 ? selp_16 : bytes == 4 ? selp_32 : selp_64;
  } else {
    i.c = source(p, s, &s->operands[3], 4);
    if (s->type_count != 2) return 0;
    if (s->types[1] == F32) i.run = bytes == 2 ? slct_f_16 : bytes == 4 ? slct_f_32 : slct_f_64;
    else i.run = bytes == 2 ? slct_s_16 : bytes == 4 ? slct_s_32 : slct_s_64;
  }
  append(p, &i);
  return 1;
}

static comparison comparison_of(const statement *s, type t) {
  static const struct {
    const char *name;
    comparison as;
  } unsigned_names[] = {{"lo", LT}, {"ls", LE}, {"hi", GT}, {"hs", GE}};
  for (int k = 0; k < COMPARISONS; k++)
    if (has(s, comparison_names[k])) return (comparison)k;
  for (int k = 0; k < 4; k++)
    if (is_integer_type(t) && has(s, unsigned_names[k].name)) return unsigned_names[k].as;
  return COMPARISONS;
}

int decode_compare(parser *p, const statement *s) {
  if (is(s, "selp") || is(s, "slct")) return decode_select(p, s);
  int is_set = is(s, "set");
  if ((!is(s, "setp") && !is_set) || s->type_count != 1 + is_set || s->count < 3) return 0;
  type t = s->types[is_set];
  comparison c = comparison_of(s, t);
  instruction i = new_instruction(p, s);
  for (size_t k = 0; k < sizeof comparers / sizeof *comparers && c != COMPARISONS; k++)
    if (comparers[k].type == t) i.inner = (operation)(void (*)(void))comparers[k].by[c];
  if (!i.inner) return 0;
  i.run = is_set ? set : setp;
  unsigned bytes = type_bytes(t);
  if (is_set) {
    type to = s->types[0];
    i.bytes = (uint8_t)type_bytes(to);
    if (i.bytes != 2 && i.bytes != 4) return 0;
    i.offset = to == F32 ? 0x3f800000 : to == F16 ? 0x3c00 : to == BF16 ? 0x3f80 : -1;
  }
  i.d = destination(p, s, &s->operands[0], i.bytes);
  if (s->operands[0].pair >= 0) i.e = destination(p, s, &s->elements[s->operands[0].pair], 0);
  i.a = source(p, s, &s->operands[1], bytes);
  i.b = source(p, s, &s->operands[2], bytes);
  if (s->count == 4) {
    i.form = has(s, "and") ? AND : has(s, "or") ? OR : XOR;
    i.c = predicate_source(p, s, &s->operands[3]);
  }
  append(p, &i);
  return 1;
}
