/**
 * The output head's common part: logits of a slice of rows against wte (the tied head), and a row's log-sum-exp.
 *
 * The B*T x V logits never exist at once: both kernels go through the rows in slices, whose logits lie in the workspace as
 * f32 [slice,V]. A target of -1 marks a row that does not count.
 */
#ifndef MINILLM_CROSS_ENTROPY_H
#define MINILLM_CROSS_ENTROPY_H

#include "gemm.h"

/** The token table as a factor of the head's product, wteT [C,V]: f32 [V,C], or int8 in strips and scales [V] (packed.h). */
typedef struct {
  operand matrix;
  const float *scales; /* or null */
} token_table;

static inline token_table plain_table(const float *wte, int64_t C) { return (token_table){{.data = wte, .lane_stride = C, .k_stride = 1}, NULL}; }
static inline token_table quantised_table(const int8_t *strips, const float *scales, int64_t C) {
  return (token_table){{.data = strips, .strip_stride = C * PACKED_COLUMNS}, scales};
}

/** logits [rows,V] = x [rows,C] wteT, complete on return. */
static void slice_logits(const act *x, const token_table *wte, float *logits, int64_t rows, int64_t C, int64_t V, team *team) {
  product p = {
      .m = rows,
      .n = V,
      .k = C,
      .a = {x, sizeof(act) == 2, C, 1, NULL},
      .b = wte->matrix,
      .c = {.sums = logits, .scales = wte->scales},
  };
  gemm(&p, team);
  end_phase(team, COMPUTING);
}

/** log of the sum of e^row[0 .. V): sums of 4096 in f32, their total in double. */
static float log_sum_exp(const float *row, int64_t V) {
  vf most = vsplat(row[0]);
  int64_t v = 0;
  for (; v + VL <= V; v += VL) most = vmax(vload(row + v), most);
  float highest = vmaximum(most);
  for (; v < V; v++) highest = row[v] > highest ? row[v] : highest;

  double total = 0;
  int64_t whole = V / VL * VL;
  for (int64_t start = 0; start < whole; start += 4096) {
    vf sum = {0};
    for (v = start; v < min64(start + 4096, whole); v += VL) sum += vexp(vload(row + v) - highest);
    total += vsum(sum);
  }
  float tail[VL];
  for (int64_t i = 0; i < VL; i++) tail[i] = whole + i < V ? row[whole + i] - highest : -INFINITY;
  total += vsum(vexp(vload(tail)));
  return highest + (float)log(total);
}

/** What the evaluation's loss kernels work on. */
typedef struct {
  const act *x;           /* [N, C] */
  const int32_t *targets; /* [N] */
  float *losses;          /* [N] */
  float *slice_of_logits; /* [slice, V] */
  int64_t N, C, V, slice;
} loss_rows;

/** losses [N] = log-sum-exp of a row's logits minus the logit of its target. */
static inline void losses_of_rows(const loss_rows *of, const token_table *wte, team *team) {
  for (int64_t start = 0; start < of->N; start += of->slice) {
    const int64_t rows = min64(of->slice, of->N - start);
    slice_logits(of->x + start * of->C, wte, of->slice_of_logits, rows, of->C, of->V, team);
    for (int64_t row; (row = team_claim(team, FREE_COUNTER)) < rows;) {
      const int32_t target = of->targets[start + row];
      const float *logits = of->slice_of_logits + row * of->V;
      of->losses[start + row] = target < 0 ? 0 : log_sum_exp(logits, of->V) - logits[target];
    }
    end_phase(team, FREE_COUNTER);
  }
}

#endif
