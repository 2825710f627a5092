/**
 * The matrix product behind every linear layer and the output head, C[m,n] = or += A[m,k] B[k,n]: what its callers see.
 */
#ifndef MINILLM_GEMM_H
#define MINILLM_GEMM_H

#include "kernel.h"
#include "simd.h"

/** Columns of a strip (packed.h). */
#define PACKED_COLUMNS 32

/** A matrix factor as lanes (rows of A, columns of B) by k. */
typedef struct {
  const void *data;
  int is_bf16;
  int64_t lane_stride, k_stride;
  const act *pre;       /* if given, each element is multiplied with gelu'(pre) at the same place */
  int64_t strip_stride; /* of B alone: if not 0, int8 in strips of columns (packed.h), so far apart; without other strides */
} operand;

/**
 * Where C goes: to `sums` (f32, = or +=), else as activations to `values`: plus bias, and through GELU if `pre` is kept. With
 * `scales` each column is first multiplied with its own.
 */
typedef struct {
  float *sums;
  int accumulate;
  act *values, *pre;
  const float *bias;
  const float *scales;
} destination;

typedef struct {
  int64_t m, n, k;
  operand a, b;
  destination c; /* dense rows of n */
  float *column_sums; /* if given, += the sums over k of B's columns (a bias gradient) */
} product;

/* A launch's first two counters belong to gemm. */
enum { PACKING, COMPUTING, FREE_COUNTER };

/** Ends a phase that claimed from `counter`, which may be claimed from again after one more barrier. */
static inline void end_phase(team *team, int counter) {
  team_barrier(team);
  if (team->thread == 0) atomic_store_explicit(&team->shared->counters[counter].next, 0, memory_order_relaxed);
}

static inline int64_t blocks_in(int64_t total, int64_t block) { return (total + block - 1) / block; }

/** Writes `count` neighbouring elements of a row of C, of which `v` are the first `count` of VL. */
static inline void write_partial(const destination *c, int64_t at, int64_t column, const float *from, int64_t count) {
  float bias[VL] = {0}, scales[VL] = {0}, value_f32[VL];
  act pre[VL], value[VL];
  vf v = vload(from);
  if (c->scales) {
    memcpy(scales, c->scales + column, (size_t)count * 4);
    v *= vload(scales);
  }
  if (c->sums) {
    vstore(value_f32, v);
    for (int64_t i = 0; i < count; i++) c->sums[at + i] = c->accumulate ? c->sums[at + i] + value_f32[i] : value_f32[i];
    return;
  }
  if (c->bias) memcpy(bias, c->bias + column, (size_t)count * 4);
  v += vload(bias);
  vstore_act(pre, v);
  vstore_act(value, c->pre ? vgelu(v) : v);
  memcpy(c->values + at, value, (size_t)count * sizeof(act));
  if (c->pre) memcpy(c->pre + at, pre, (size_t)count * sizeof(act));
}

/** Writes `count` neighbouring elements at `column` of the row of C that starts at `row`. */
static inline void write_row(const destination *c, int64_t row, int64_t column, const float *from, int64_t count) {
  int64_t j = 0;
  for (; j + VL <= count; j += VL) {
    int64_t at = row + column + j;
    vf v = vload(from + j);
    if (c->scales) v *= vload(c->scales + column + j);
    if (c->sums) {
      vstore(c->sums + at, c->accumulate ? vload(c->sums + at) + v : v);
      continue;
    }
    if (c->bias) v += vload(c->bias + column + j);
    if (c->pre) {
      vstore_act(c->pre + at, v);
      v = vgelu(v);
    }
    vstore_act(c->values + at, v);
  }
  if (j < count) write_partial(c, row + column + j, column + j, from + j, count - j);
}

/** The whole team calls this together. C is complete after the next barrier; before it, no other gemm may start. */
void gemm(const product *p, team *team);

#endif
