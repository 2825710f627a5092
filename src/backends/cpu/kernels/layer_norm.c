/**
 * Layer normalisation with the residual add before it: stream = x + branch (just x without a branch),
 * normed = (stream - mean)·rstd·weight + bias, with the statistics of each row in fp32.
 *
 * A row is read from memory once; its variance (about the mean, not by the cancelling E[x²] - E[x]²) and its result are
 * passes over a row that is then in the first-level cache.
 */
#include "kernel.h"
#include "partial.h"

ARGUMENTS(layer_norm, {
  const float *x;           /* [N, C] */
  const act *branch;        /* [N, C] or null */
  const float *weight;      /* [C] */
  const float *bias;        /* [C] */
  act *normed;              /* [N, C] */
  float *mean;              /* [N] */
  float *inverse_deviation; /* [N] */
  float *stream;            /* [N, C], only with a branch */
  int64_t channels;         /* C */
  double epsilon;
});

#define ROWS_PER_CLAIM 16

/* Adds the branch into `stream`, and gives the row's sum. */
static float add_branch(const float *x, const act *branch, float *stream, int64_t C) {
  vf sum = vsplat(0);
  int64_t c = 0;
  for (; c + VL <= C; c += VL) {
    vf v = vload(x + c) + vload_act(branch + c);
    vstore(stream + c, v);
    sum += v;
  }
  if (c < C) {
    vf v = vload_first(x + c, C - c) + vload_act_first(branch + c, C - c);
    vstore_first(stream + c, v, C - c);
    sum += v;
  }
  return vsum(sum);
}

static float row_sum(const float *x, int64_t C) {
  vf sum = vsplat(0);
  int64_t c = 0;
  for (; c + VL <= C; c += VL) sum += vload(x + c);
  if (c < C) sum += vload_first(x + c, C - c);
  return vsum(sum);
}

static float squared_deviations(const float *x, float mean, int64_t C) {
  vf sum = vsplat(0);
  int64_t c = 0;
  for (; c + VL <= C; c += VL) {
    vf d = vload(x + c) - mean;
    sum += d * d;
  }
  float rest = 0;
  for (; c < C; c++) rest += (x[c] - mean) * (x[c] - mean);
  return vsum(sum) + rest;
}

void layer_norm(const layer_norm_arguments *args, const extents *active, team *team) {
  const float *x = args->x;
  const act *branch = args->branch;
  const float *weight = args->weight, *bias = args->bias;
  act *normed = args->normed;
  float *means = args->mean, *rstds = args->inverse_deviation, *stream = args->stream;
  const int64_t C = args->channels, N = rows_of(active);
  const float eps = (float)args->epsilon;
  for (int64_t begin; (begin = team_claim(team, 0) * ROWS_PER_CLAIM) < N;) {
    const int64_t end = min64(begin + ROWS_PER_CLAIM, N);
    for (int64_t n = begin; n < end; n++) {
      const float *row = branch ? stream + n * C : x + n * C;
      const float sum = branch ? add_branch(x + n * C, branch + n * C, stream + n * C, C) : row_sum(row, C);
      const float mean = sum / (float)C;
      const float rstd = 1 / sqrtf(squared_deviations(row, mean, C) / (float)C + eps);
      act *out = normed + n * C;
      int64_t c = 0;
      for (; c + VL <= C; c += VL)
        vstore_act(out + c, (vload(row + c) - mean) * rstd * vload(weight + c) + vload(bias + c));
      for (; c < C; c++) act_store(out + c, (row[c] - mean) * rstd * weight[c] + bias[c]);
      means[n] = mean;
      rstds[n] = rstd;
    }
  }
}
