/**
 * Gradient of layer normalisation. With x̂ = (stream - mean)·rstd and g = dnormed·weight:
 * dx = rstd·(g - average(g) - x̂·average(g·x̂)) + dstream, dweight += Σ dnormed·x̂, dbias += Σ dnormed.
 *
 * The rows are cut into a fixed number of blocks whatever the number of threads; each block sums its own dweight and dbias, and the
 * blocks are then added in order.
 */
#include "kernel.h"
#include "partial.h"

ARGUMENTS(layer_norm_backward, {
  const act *normed_gradient;     /* [N, C] */
  const float *stream_gradient;   /* [N, C] or null */
  const float *stream;            /* [N, C] */
  const float *mean;              /* [N] */
  const float *inverse_deviation; /* [N] */
  const float *weight;            /* [C] */
  float *x_gradient;              /* [N, C] */
  float *weight_gradient;         /* [C] (+=) */
  float *bias_gradient;           /* [C] (+=) */
  float *workspace;               /* [blocks, 2, C] */
  int64_t channels;               /* C */
  int64_t blocks;                 /* of rows */
});

#define CHANNELS_PER_CLAIM 64

typedef struct {
  const act *dnormed;
  const float *dstream, *stream;
  float mean, rstd;
  float *dx;
} row;

/* Adds the row's share of dweight and dbias to the partial sums and writes its dx. */
static void row_backward(const row r, const float *weight, float *restrict dweight, float *restrict dbias, int64_t C) {
  vf sum_g = vsplat(0), sum_gx = vsplat(0);
  int64_t c = 0;
  for (; c + VL <= C; c += VL) {
    vf d = vload_act(r.dnormed + c), normal = (vload(r.stream + c) - r.mean) * r.rstd, g = d * vload(weight + c);
    sum_g += g;
    sum_gx += g * normal;
    vstore(dweight + c, vload(dweight + c) + d * normal);
    vstore(dbias + c, vload(dbias + c) + d);
  }
  float rest_g = 0, rest_gx = 0;
  for (; c < C; c++) {
    float d = act_load(r.dnormed + c), normal = (r.stream[c] - r.mean) * r.rstd, g = d * weight[c];
    rest_g += g;
    rest_gx += g * normal;
    dweight[c] += d * normal;
    dbias[c] += d;
  }
  const float average_g = (vsum(sum_g) + rest_g) / (float)C, average_gx = (vsum(sum_gx) + rest_gx) / (float)C;
  for (c = 0; c + VL <= C; c += VL) {
    vf normal = (vload(r.stream + c) - r.mean) * r.rstd, g = vload_act(r.dnormed + c) * vload(weight + c);
    vf dx = (g - average_g - normal * average_gx) * r.rstd;
    vstore(r.dx + c, r.dstream ? dx + vload(r.dstream + c) : dx);
  }
  for (; c < C; c++) {
    float normal = (r.stream[c] - r.mean) * r.rstd, g = act_load(r.dnormed + c) * weight[c];
    float dx = (g - average_g - normal * average_gx) * r.rstd;
    r.dx[c] = r.dstream ? dx + r.dstream[c] : dx;
  }
}

void layer_norm_backward(const layer_norm_backward_arguments *args, const extents *active, team *team) {
  const act *dnormed = args->normed_gradient;
  const float *dstream = args->stream_gradient, *stream = args->stream, *mean = args->mean, *rstd = args->inverse_deviation, *weight = args->weight;
  float *dx = args->x_gradient, *dweight = args->weight_gradient, *dbias = args->bias_gradient, *partial = args->workspace;
  const int64_t C = args->channels, blocks = args->blocks, N = rows_of(active);
  for (int64_t block; (block = team_claim(team, 0)) < blocks;) {
    float *sums = partial + block * 2 * C;
    memset(sums, 0, (size_t)(2 * C) * sizeof *sums);
    for (int64_t n = block * N / blocks; n < (block + 1) * N / blocks; n++) {
      const row r = {dnormed + n * C, dstream ? dstream + n * C : NULL, stream + n * C, mean[n], rstd[n], dx + n * C};
      row_backward(r, weight, sums, sums + C, C);
    }
  }
  team_barrier(team);
  for (int64_t begin; (begin = team_claim(team, 1) * CHANNELS_PER_CLAIM) < C;) {
    const int64_t end = min64(begin + CHANNELS_PER_CLAIM, C);
    for (int64_t block = 0; block < blocks; block++) {
      const float *sums = partial + block * 2 * C;
      for (int64_t c = begin; c < end; c++) dweight[c] += sums[c], dbias[c] += sums[C + c];
    }
  }
}
