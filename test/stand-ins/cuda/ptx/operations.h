/** Operations that several files use, and how one is written: a loop over the lanes. */
#pragma once
#include "machine.h"
#include "parse.h"

typedef enum { ROUND_TO_NEAREST, ROUND_TO_ZERO, ROUND_DOWN, ROUND_UP } rounding;

/** Runs `inner` with the instruction's rounding, and denormals taken and given as zero if it flushes. */
void in_environment(warp *, const instruction *);
void not_predicate(warp *, const instruction *);
/** Clamps what an instruction sets to [0, 1]. */
void append_saturation(parser *, const statement *, const instruction *);
/** Makes what an instruction sets 0 where it is negative. */
void append_relu(parser *, const statement *, const instruction *);

/** The space that an instruction names; GENERIC if it names none. */
space space_of_statement(const statement *);
/** Sets an instruction's address: `a`, `offset`, `space`, and the bytes of `a` in its form. */
void place_address(parser *, const statement *, const operand *, instruction *);
/** Memory is looked at as finely as the smallest access to its space. */
void note_access(parser *, space, unsigned bytes);
/** Makes those of the lanes active that point to the space of the first; `within`: their addresses in it. */
space split_window(warp *, const uint64_t *address, uint32_t left, uint64_t *within);
/** Each lane's address; for lanes that are not active that of one that is. */
static inline void addresses(const warp *w, const instruction *i, uint64_t *address) {
  const void *base = lanes(w, i->a);
  if (i->form & 8)
    for (int l = 0; l < LANES; l++) address[l] = ((const uint64_t *)base)[l] + (uint64_t)i->offset;
  else
    for (int l = 0; l < LANES; l++) address[l] = (uint32_t)(((const uint32_t *)base)[l] + (uint32_t)i->offset);
  const uint32_t active = w->active;
  if (active == ALL_LANES) return;
  const uint64_t any = address[__builtin_ctz(active)];
  for (int l = 0; l < LANES; l++) address[l] = active >> l & 1 ? address[l] : any;
}
/** In the form of an access: volatile, or ordered with others. */
#define IS_STRONG 16u

/** Sets d[l] in each active lane. */
#define SET_ACTIVE(w, d, expression) \
  do { \
    const uint32_t active_ = (w)->active; \
    if (active_ == ALL_LANES) { \
      _Pragma("GCC ivdep") for (int l = 0; l < LANES; l++) (d)[l] = (expression); \
    } else { \
      _Pragma("GCC ivdep") for (int l = 0; l < LANES; l++) (d)[l] = active_ >> l & 1 ? (expression) : (d)[l]; \
    } \
  } while (0)

#define UNARY(name, D, A, expression) \
  static void name(warp *w, const instruction *i) { \
    D *d = lanes(w, i->d); \
    const A *a = lanes(w, i->a); \
    SET_ACTIVE(w, d, expression); \
  }
#define BINARY(name, D, A, B, expression) \
  static void name(warp *w, const instruction *i) { \
    D *d = lanes(w, i->d); \
    const A *a = lanes(w, i->a); \
    const B *b = lanes(w, i->b); \
    SET_ACTIVE(w, d, expression); \
  }
#define TERNARY(name, D, A, B, C, expression) \
  static void name(warp *w, const instruction *i) { \
    D *d = lanes(w, i->d); \
    const A *a = lanes(w, i->a); \
    const B *b = lanes(w, i->b); \
    const C *c = lanes(w, i->c); \
    SET_ACTIVE(w, d, expression); \
  }
#define ROWS(rows) rows, sizeof rows / sizeof *rows

static inline float as_float(uint32_t bits) {
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}
static inline uint32_t float_bits(float f) {
  uint32_t bits;
  __builtin_memcpy(&bits, &f, 4);
  return bits;
}
