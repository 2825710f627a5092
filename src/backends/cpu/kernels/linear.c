/**
 * pre = x [N,K] w [K,M] + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre. Policy: outputs are written (=).
 *
 * A program compiled for up to FEW_ROWS rows (generation) reads w once, in place and as fp32: packing it would cost more than
 * the product. Each output is then one sum in the order of k. Programs for more rows use the packed product, however few are
 * active. So a row's bits depend on nothing of its neighbours.
 */
#include "gemm.h"

ARGUMENTS(linear, {
  const act *x;         /* [N, K] */
  const float *weight;  /* [K, M] */
  const float *bias;    /* [M] */
  act *y;               /* [N, M] */
  act *preactivation;   /* [N, M], or null without GELU */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t rows;         /* that the program was compiled for */
});

#define FEW_ROWS 8
#define STRIP 128 /* columns claimed at a time: 512 bytes in a row of w */
#define ROWS_AHEAD 8 /* fetched into L2, whose miss queue is longer: 17 GB/s on a core, into L1 14 */

/** Adds x [rows, 4 columns of it at k] times four rows of w to a strip of sums. */
static inline __attribute__((always_inline)) void add_four(int rows, const float *x, int64_t K, const float *w, int64_t M,
                                                           float *sums, int64_t columns) {
  for (int64_t j = 0; j < columns; j += VL) {
    vf w0 = vload(w + j), w1 = vload(w + M + j), w2 = vload(w + 2 * M + j), w3 = vload(w + 3 * M + j);
    for (int r = 0; r < rows; r++) {
      const float *at = x + r * K;
      vf sum = vload(sums + r * STRIP + j);
      sum += vsplat(at[0]) * w0;
      sum += vsplat(at[1]) * w1;
      sum += vsplat(at[2]) * w2;
      sum += vsplat(at[3]) * w3;
      vstore(sums + r * STRIP + j, sum);
    }
  }
}

static inline __attribute__((always_inline)) void sum_strip(int rows, const float *x, int64_t K, const float *w, int64_t M,
                                                            float *sums, int64_t columns) {
  int64_t whole = columns / VL * VL, k = 0;
  memset(sums, 0, FEW_ROWS * STRIP * sizeof(float));
  for (; k + 4 <= K; k += 4) {
    if (k + 4 + ROWS_AHEAD <= K)
      for (int i = 0; i < 4; i++)
        for (int64_t j = 0; j < columns; j += 16) __builtin_prefetch(w + (k + ROWS_AHEAD + i) * M + j, 0, 2);
    add_four(rows, x + k, K, w + k * M, M, sums, whole);
  }
  for (; k < K; k++)
    for (int r = 0; r < rows; r++)
      for (int64_t j = 0; j < whole; j += VL)
        vstore(sums + r * STRIP + j, vload(sums + r * STRIP + j) + vsplat(x[r * K + k]) * vload(w + k * M + j));
  if (whole < columns)
    for (k = 0; k < K; k++)
      for (int r = 0; r < rows; r++)
        for (int64_t j = whole; j < columns; j++) sums[r * STRIP + j] += x[r * K + k] * w[k * M + j];
}

static void few_rows(int rows, const act *x, const float *w, const destination *c, int64_t K, int64_t M, team *team) {
  float *sums = team->scratch, *x_f32 = sums + FEW_ROWS * STRIP;
  for (int64_t i = 0; i < rows * K; i++) x_f32[i] = act_load(x + i);
  for (int64_t start; (start = team_claim(team, FREE_COUNTER) * STRIP) < M;) {
    int64_t columns = min64(STRIP, M - start);
    switch (rows) {
#define CASE(R) case R: sum_strip(R, x_f32, K, w + start, M, sums, columns); break;
      CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
#undef CASE
    }
    for (int r = 0; r < rows; r++) write_row(c, r * M, start, sums + r * STRIP, columns);
  }
}

void linear(const linear_arguments *args, const extents *active, team *team) {
  const act *x = args->x;
  const float *w = args->weight;
  int64_t rows = rows_of(active), K = args->in_features, M = args->out_features;
  destination c = {.values = args->y, .pre = args->preactivation, .bias = args->bias};
  if (args->rows <= FEW_ROWS) {
    few_rows((int)rows, x, w, &c, K, M, team);
    return;
  }
  product p = {
      .m = rows,
      .n = M,
      .k = K,
      .a = {x, sizeof(act) == 2, K, 1, NULL},
      .b = {w, 0, 1, M, NULL},
      .c = c,
  };
  gemm(&p, team);
}
