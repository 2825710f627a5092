/**
 * logits [B,V] f32 = x [rows[b], C] wteT for the one row of each stream that samples; wte [V,C]. Policy: written (=).
 *
 * Dot products against wte in place: it is read from memory once for all rows, in blocks that stay in the cache while row
 * after row is multiplied. Each dot product is one vector sum over C, so a row's bits do not depend on the others.
 */
#include "kernel.h"
#include "scratch.h"
#include "simd.h"

ARGUMENTS(logits, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *rows;      /* [B] */
  float *logits;            /* [B, V] */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
});

#define BLOCK 32 /* rows of wte claimed at a time */
#define ROWS 4 /* rows of x multiplied with a row of wte at once */

/** out[r * V] = x row r times w, for `rows` rows of x, which are padded with zeros to whole vectors. */
static inline __attribute__((always_inline)) void dot(int rows, const float *x, int64_t stride, const float *w, int64_t C,
                                                      float *out, int64_t V) {
  vf sum[ROWS];
  int64_t c = 0;
  for (int r = 0; r < rows; r++) sum[r] = (vf){0};
  for (; c + VL <= C; c += VL)
    for (int r = 0; r < rows; r++) sum[r] += vload(x + r * stride + c) * vload(w + c);
  if (c < C) {
    float tail[VL] = {0};
    memcpy(tail, w + c, (size_t)(C - c) * sizeof(float));
    for (int r = 0; r < rows; r++) sum[r] += vload(x + r * stride + c) * vload(tail);
  }
  for (int r = 0; r < rows; r++) out[r * V] = vsum(sum[r]);
}

void logits(const logits_arguments *args, const extents *active, team *team) {
  const act *x = args->x;
  const float *wte = args->token_table;
  const int32_t *rows = args->rows;
  float *out = args->logits, *gathered = team->scratch;
  int64_t batch = active->batch, C = args->channels, V = args->vocabulary_size, stride = (C + VL - 1) / VL * VL;
  int64_t fit = (int64_t)(PRIVATE_SCRATCH_BYTES / sizeof(float)) / stride, blocks = (V + BLOCK - 1) / BLOCK, ready = -1;
  for (int64_t claimed; (claimed = team_claim(team, 0)) < blocks * ((batch + fit - 1) / fit);) {
    int64_t first = claimed / blocks * fit, count = min64(fit, batch - first);
    if (ready != first) {
      memset(gathered, 0, (size_t)(count * stride) * sizeof(float));
      for (int64_t b = 0; b < count; b++)
        for (int64_t c = 0; c < C; c++) gathered[b * stride + c] = act_load(x + rows[first + b] * C + c);
      ready = first;
    }
    int64_t start = claimed % blocks * BLOCK, end = min64(start + BLOCK, V);
    for (int64_t b = 0; b < count; b += ROWS)
      for (int64_t v = start; v < end; v++) {
        const float *x_b = gathered + b * stride, *w = wte + v * C;
        float *at = out + (first + b) * V + v;
        switch (min64(ROWS, count - b)) {
          case 1: dot(1, x_b, stride, w, C, at, V); break;
          case 2: dot(2, x_b, stride, w, C, at, V); break;
          case 3: dot(3, x_b, stride, w, C, at, V); break;
          default: dot(4, x_b, stride, w, C, at, V);
        }
      }
  }
}
