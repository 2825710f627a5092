/**
 * The output head's common part: logits of a slice of rows against wte (the tied head), and a row's log-sum-exp.
 *
 * The B*T x V logits never exist at once: both kernels go through the rows in slices, whose logits lie in the workspace as
 * f32 [slice,V]. A target of -1 marks a row that does not count.
 */
#ifndef MINILLM_CROSS_ENTROPY_H
#define MINILLM_CROSS_ENTROPY_H

#include "gemm.h"

/** logits [rows,V] = x [rows,C] wteT, complete on return. */
static void slice_logits(const act *x, const float *wte, float *logits, int64_t rows, int64_t C, int64_t V, team *team) {
  product p = {
      .m = rows,
      .n = V,
      .k = C,
      .a = {x, sizeof(act) == 2, C, 1, NULL},
      .b = {wte, 0, C, 1, NULL},
      .c = {.sums = logits},
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

#endif
