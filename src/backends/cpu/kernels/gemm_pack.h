/**
 * Packing: copies a block of a matrix into panels (see gemm_tile.h), converting to the type the tile multiplies and
 * multiplying with GELU's derivative on the way where asked. One of a matrix's two strides is 1: memory runs either along
 * k (then four lanes are read at a time and transposed in registers) or along the lanes (then runs are copied or, for
 * bf16, interleaved in pairs).
 */
#ifndef MINILLM_GEMM_PACK_H
#define MINILLM_GEMM_PACK_H

#include "gemm.h"
#include "gemm_tile.h"

/** Steps of k between two visits to a tile of C; fixed, because where a sum is split shows in its last bits. */
#define DEPTH (STEP * 384)
#define RUN (DEPTH + VL)

/* Steps of k fetched ahead when runs lie along the lanes, each run on another page: 1.3 times as fast at 16 rows. */
#define AHEAD 8

static inline vf load_element_run(const operand *from, int64_t at) {
  vf v = from->is_bf16 ? vload_bf16((const bf16 *)from->data + at) : vload((const float *)from->data + at);
  return from->pre ? v * vgelu_derivative(vload_act(from->pre + at)) : v;
}

static inline void store_items(item *to, vf v) {
#if PACKED_BF16
  vstore_bf16(to, v);
#else
  vstore(to, v);
#endif
}

/** Asks for a run to be brought into L2. */
static inline void prefetch_run(const operand *from, int64_t at, int64_t count) {
  int64_t size = from->is_bf16 ? 2 : 4;
  for (int64_t i = 0; i < count * size; i += 64) __builtin_prefetch((const char *)from->data + at * size + i, 0, 2);
}

/** `count` consecutive elements from offset `at` as items: where they lie if they need no change, else in `buffer`. */
static inline const item *fetch(const operand *from, int64_t at, int64_t count, item *buffer) {
  if (!from->pre && from->is_bf16 == PACKED_BF16) return (const item *)from->data + at;
  int64_t i = 0;
  for (; i + VL <= count; i += VL) store_items(buffer + i, load_element_run(from, at + i));
  if (i < count) {
    float value[VL] = {0};
    act pre[VL] = {0};
    for (int64_t t = 0; i + t < count; t++) {
      value[t] = from->is_bf16 ? float_of_bf16(((const bf16 *)from->data)[at + i + t])
                               : ((const float *)from->data)[at + i + t];
      if (from->pre) pre[t] = from->pre[at + i + t];
    }
    operand tail = {value, 0, 1, 1, from->pre ? pre : NULL};
    store_items(buffer + i, load_element_run(&tail, 0));
  }
  return buffer;
}

/** Step s of a run along k whose length is `depth`, as one unit. */
static inline unit unit_along_k(const item *run, int64_t s, int64_t depth) {
#if PACKED_BF16
  uint32_t high = 2 * s + 1 < depth ? run[2 * s + 1].bits : 0;
  return run[2 * s].bits | high << 16;
#else
  (void)depth;
  return run[s];
#endif
}

/** Four runs along k become four neighbouring lanes of a panel. */
static inline void transpose_runs(const item *const runs[4], int64_t depth, unit *out, int64_t width) {
  int64_t s = 0;
#if defined(__SSE2__)
  for (; (s + 4) * STEP <= depth; s += 4) {
    __m128 r0 = _mm_loadu_ps((const float *)(runs[0] + s * STEP)), r1 = _mm_loadu_ps((const float *)(runs[1] + s * STEP));
    __m128 r2 = _mm_loadu_ps((const float *)(runs[2] + s * STEP)), r3 = _mm_loadu_ps((const float *)(runs[3] + s * STEP));
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps((float *)(out + s * width), r0);
    _mm_storeu_ps((float *)(out + (s + 1) * width), r1);
    _mm_storeu_ps((float *)(out + (s + 2) * width), r2);
    _mm_storeu_ps((float *)(out + (s + 3) * width), r3);
  }
#endif
  for (; s * STEP < depth; s++)
    for (int i = 0; i < 4; i++) out[s * width + i] = unit_along_k(runs[i], s, depth);
}

/** `width` lanes of one step from runs along the lanes: `low` at k, `high` at k + 1 (bf16 only). */
static inline void interleave_runs(const item *low, const item *high, unit *out, int64_t width) {
#if PACKED_BF16
  for (int64_t j = 0; j < width; j += 8) {
    __m256i even = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(low + j)));
    __m256i odd = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(high + j)));
    _mm256_storeu_si256((__m256i *)(out + j), _mm256_or_si256(even, _mm256_slli_epi32(odd, 16)));
  }
#else
  (void)high;
  memcpy(out, low, (size_t)width * sizeof(unit));
#endif
}

/**
 * Packs lanes [lane, lane + lanes) by k [k, k + depth) into panels of `width` lanes at `out`, padded with zeros; `buffer`
 * has room for 4 RUN items. lanes and depth are at most DEPTH.
 */
static inline __attribute__((always_inline)) void pack_block(const operand *from, int64_t lane, int64_t lanes, int64_t k,
                                                             int64_t depth, int64_t width, unit *out, item *buffer) {
  static const item zeros[RUN];
  int64_t steps = (depth + STEP - 1) / STEP;
  if (from->k_stride == 1) {
    for (int64_t l = 0; l < lanes; l += 4) {
      const item *runs[4];
      for (int i = 0; i < 4; i++)
        runs[i] = l + i < lanes ? fetch(from, (lane + l + i) * from->lane_stride + k, depth, buffer + i * RUN) : zeros;
      transpose_runs(runs, depth, out + l / width * width * steps + l % width, width);
    }
    const item *const padding[4] = {zeros, zeros, zeros, zeros};
    for (int64_t l = (lanes + 3) / 4 * 4; l % width != 0; l += 4)
      transpose_runs(padding, depth, out + l / width * width * steps + l % width, width);
    return;
  }
  for (int64_t s = 0; s < steps; s++, out += width) {
    int64_t ahead = k + (s + AHEAD) * STEP;
    if (s + AHEAD < steps)
      for (int i = 0; i < STEP; i++) prefetch_run(from, (ahead + i) * from->k_stride + lane, lanes);
    const item *low = fetch(from, (k + s * STEP) * from->k_stride + lane, lanes, buffer);
    const item *high = zeros;
    if (STEP == 2 && s * STEP + 1 < depth) high = fetch(from, (k + s * STEP + 1) * from->k_stride + lane, lanes, buffer + RUN);
    int64_t l = 0;
    for (; l + width <= lanes; l += width) interleave_runs(low + l, high + (high == zeros ? 0 : l), out + l * steps, width);
    if (l < lanes) {
      item edge[2][TILE_COLUMNS > TILE_ROWS ? TILE_COLUMNS : TILE_ROWS];
      memset(edge, 0, sizeof edge);
      memcpy(edge[0], low + l, (size_t)(lanes - l) * sizeof(item));
      memcpy(edge[1], high + (high == zeros ? 0 : l), (size_t)(lanes - l) * sizeof(item));
      interleave_runs(edge[0], edge[1], out + l * steps, width);
    }
  }
}

#endif
