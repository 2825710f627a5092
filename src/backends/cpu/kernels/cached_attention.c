/**
 * Attention over a key-value cache. Keys and values of the new rows are written into the cache at their positions; then
 * row (b, t) attends to positions 0 .. positions[b,t] of its slot. The positions of a batch row ascend by 1.
 *
 * Decoding (T = 1) reads the cache once, row by row, and is bound by memory; a prompt (T > 1) takes the tiled path of
 * training. Work is claimed by (batch row, head[, block of queries]).
 */
#include "attention_forward.h"

ARGUMENTS(cached_attention, {
  const act *qkv;             /* [N, 3C] */
  const int32_t *positions;   /* [N] */
  const int32_t *slots;       /* [B] */
  act *out;                   /* [N, C] */
  act *cache;                 /* [S, 2, H, P, D], updated */
  int64_t heads;              /* H */
  int64_t head_size;          /* D */
  int64_t positions_per_slot; /* P */
});

#define ROWS_PER_CLAIM 16
#define SCORES 64 /* cached positions taken at a time; their values are read once per vector, from first-level cache */

static float dot(const act *a, const float *b, int64_t D) {
  vf sum = vsplat(0);
  int64_t d = 0;
  for (; d + VL <= D; d += VL) sum += vload_act(a + d) * vload(b + d);
  if (d < D) sum += vload_act_first(a + d, D - d) * vload(b + d);
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)sum);
#else
  return vsum(sum);
#endif
}

/* out[width] += Σ weights[i]·rows[i], a vector of it at a time, in four sums that do not wait for each other. */
static void add_weighted_rows(float *out, const float *weights, const act *rows, int64_t count, int64_t D) {
  int64_t d = 0;
  for (; d + VL <= D; d += VL) {
    const act *at = rows + d;
    vf sum0 = vload(out + d), sum1 = vsplat(0), sum2 = vsplat(0), sum3 = vsplat(0);
    int64_t i = 0;
    for (; i + 4 <= count; i += 4, at += 4 * D) {
      sum0 += weights[i] * vload_act(at);
      sum1 += weights[i + 1] * vload_act(at + D);
      sum2 += weights[i + 2] * vload_act(at + 2 * D);
      sum3 += weights[i + 3] * vload_act(at + 3 * D);
    }
    for (; i < count; i++, at += D) sum0 += weights[i] * vload_act(at);
    vstore(out + d, (sum0 + sum1) + (sum2 + sum3));
  }
  if (d == D) return;
  vf sum = vload(out + d);
  for (int64_t i = 0; i < count; i++) sum += weights[i] * vload_act_first(rows + i * D + d, D - d);
  vstore(out + d, sum);
}

/* The one query of a head, over `count` cached positions in chunks, by the same online softmax. */
static void decode(const act *q_row, const act *k, const act *v, int64_t count, int64_t D, act *out_row,
                   float *scratch) {
  const int64_t width = whole_vectors(D);
  const float scale = LOG2_E / sqrtf((float)D);
  float *q = scratch, *out = q + width, *weights = out + width;
  for (int64_t d = 0; d < width; d++) q[d] = d < D ? act_load(q_row + d) : 0;
  memset(out, 0, (size_t)width * sizeof *out);
  float maximum = -INFINITY;
  vf total = vsplat(0);
  for (int64_t from = 0; from < count; from += SCORES) {
    const int64_t chunk = min64(SCORES, count - from), padded = whole_vectors(chunk);
    const float before = maximum;
    for (int64_t i = 0; i < chunk; i++) {
      /* prefetch what is read next: fp32 decoding of position 1000 went from 13 to 19 GB/s a core */
      for (int64_t d = 0; d < D; d += 64 / (int64_t)sizeof(act)) {
        __builtin_prefetch(v + (from + i) * D + d);
        __builtin_prefetch(k + (from + SCORES + i) * D + d, 0, 2);
      }
      weights[i] = dot(k + (from + i) * D, q, D) * scale;
      maximum = weights[i] > maximum ? weights[i] : maximum;
    }
    for (int64_t i = chunk; i < padded; i++) weights[i] = -INFINITY;
    const vf correction = exp2_of_negative(vsplat(before - maximum));
    total *= correction;
    for (int64_t i = 0; i < padded; i += VL) {
      const vf weight = exp2_of_negative(vload(weights + i) - maximum);
      vstore(weights + i, weight);
      total += weight;
    }
    for (int64_t d = 0; d < width; d += VL) vstore(out + d, vload(out + d) * correction);
    add_weighted_rows(out, weights, v + from * D, chunk, D);
  }
  const float inverse = 1 / vsum(total);
  for (int64_t d = 0; d < D; d++) act_store(out_row + d, out[d] * inverse);
}

void cached_attention(const cached_attention_arguments *args, const extents *active, team *team) {
  const act *qkv = args->qkv;
  const int32_t *positions = args->positions, *slots = args->slots;
  act *out = args->out, *cache = args->cache;
  const int64_t H = args->heads, D = args->head_size, P = args->positions_per_slot, C = H * D, T = active->length, N = rows_of(active);
  const int64_t half = H * P * D; /* from a slot's keys to its values */
  for (int64_t begin; (begin = team_claim(team, 0) * ROWS_PER_CLAIM) < N * H;)
    for (int64_t item = begin; item < min64(begin + ROWS_PER_CLAIM, N * H); item++) {
      const int64_t n = item / H, h = item % H;
      const act *k = qkv + n * 3 * C + C + h * D;
      act *to = cache + slots[n / T] * 2 * half + (h * P + positions[n]) * D;
      memcpy(to, k, (size_t)D * sizeof *k);
      memcpy(to + half, k + C, (size_t)D * sizeof *k);
    }
  team_barrier(team);
  const int64_t heads = active->batch * H, blocks = (T + QUERIES - 1) / QUERIES;
  for (int64_t item; (item = team_claim(team, 1)) < blocks * heads;) {
    const int64_t first = (blocks - 1 - item / heads) * QUERIES, b = item % heads / H, h = item % H;
    const act *q = qkv + b * T * 3 * C + h * D, *k = cache + slots[b] * 2 * half + h * P * D;
    act *to = out + b * T * C + h * D;
    if (T == 1) {
      decode(q, k, k + half, positions[b] + 1, D, to, team->scratch);
    } else {
      const attention_head head = {.q = q, .k = k, .v = k + half, .q_stride = 3 * C, .key_stride = D, .D = D,
                                   .start = positions[b * T], .out = to, .out_stride = C};
      attend_block(&head, first, min64(QUERIES, T - first), team->scratch);
    }
  }
}
