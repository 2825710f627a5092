/**
 * Packing: copies a block of a matrix into panels (see gemm_tile.h), converting to the type the tile multiplies and
 * multiplying with GELU's derivative on the way where asked. One of a matrix's two strides is 1: memory runs either along
 * k (then four lanes are read at a time and transposed in registers) or along the lanes (then vectors of them go straight
 * to the panels, for bf16 two of them in pairs).
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

/** `count` neighbouring elements from offset `at`, at most VL, then zeros. */
static inline vf load_elements(const operand *from, int64_t at, int64_t count) {
  if (count >= VL) {
    vf v = from->is_bf16 ? vload_bf16((const bf16 *)from->data + at) : vload((const float *)from->data + at);
    return from->pre ? v * vgelu_derivative(vload_act(from->pre + at)) : v;
  }
  float value[VL] = {0};
  act pre[VL] = {0};
  for (int64_t i = 0; i < count; i++) {
    value[i] = from->is_bf16 ? float_of_bf16(((const bf16 *)from->data)[at + i]) : ((const float *)from->data)[at + i];
    if (from->pre) pre[i] = from->pre[at + i];
  }
  return from->pre ? vload(value) * vgelu_derivative(vload_act(pre)) : vload(value);
}

static inline void store_items(item *to, vf v) {
#if PACKED_BF16
  vstore_bf16(to, v);
#else
  vstore(to, v);
#endif
}

/** Prefetches a run into L2. */
static inline void prefetch_run(const operand *from, int64_t at, int64_t count) {
  int64_t size = from->is_bf16 ? 2 : 4;
  for (int64_t i = 0; i < count * size; i += 64) __builtin_prefetch((const char *)from->data + at * size + i, 0, 2);
}

/** `count` consecutive elements from offset `at` as items: where they lie if they need no change, else in `buffer`. */
static inline const item *fetch(const operand *from, int64_t at, int64_t count, item *buffer) {
  if (!from->pre && from->is_bf16 == PACKED_BF16) return (const item *)from->data + at;
  for (int64_t i = 0; i < count; i += VL) store_items(buffer + i, load_elements(from, at + i, count - i));
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

/** One step of `count` neighbouring lanes, at most VL, then zeros: from offset `at` and, if `pairs`, the next along k. */
static inline lanes_of_b load_lanes_at(const operand *from, int64_t at, int64_t count, int pairs) {
#if PACKED_BF16
  if (count >= VL && from->is_bf16 && !from->pre) {
    const bf16 *low = (const bf16 *)from->data + at;
    vu units = vload_bits(low);
    return (lanes_of_b)(pairs ? units | vload_bits(low + from->k_stride) << 16 : units);
  }
  vf high = pairs ? load_elements(from, at + from->k_stride, count) : vsplat(0);
  return (lanes_of_b)pair_up(load_elements(from, at, count), high);
#else
  (void)pairs;
  return load_elements(from, at, count);
#endif
}

/** Packs lanes whose memory runs along k: see pack_block. */
static inline __attribute__((always_inline)) void pack_along_k(const operand *from, int64_t lane, int64_t lanes, int64_t k,
                                                               int64_t depth, int64_t width, unit *out, item *buffer) {
  static const item zeros[RUN];
  int64_t steps = (depth + STEP - 1) / STEP, padded = (lanes + width - 1) / width * width;
  for (int64_t l = 0; l < padded; l += 4) {
    const item *runs[4];
    for (int i = 0; i < 4; i++)
      runs[i] = l + i < lanes ? fetch(from, (lane + l + i) * from->lane_stride + k, depth, buffer + i * RUN) : zeros;
    transpose_runs(runs, depth, out + l / width * width * steps + l % width, width);
  }
}

/** Packs lanes that are neighbours in memory: see pack_block. */
static inline __attribute__((always_inline)) void pack_along_lanes(const operand from, int64_t lane, int64_t lanes, int64_t k,
                                                                   int64_t depth, int64_t width, unit *out) {
  int64_t steps = (depth + STEP - 1) / STEP;
  for (int64_t s = 0; s < steps; s++, out += width) {
    int64_t at = (k + s * STEP) * from.k_stride + lane;
    int pairs = s * STEP + 1 < depth;
    if (s + AHEAD < steps)
      for (int i = 0; i < STEP; i++) prefetch_run(&from, at + (AHEAD * STEP + i) * from.k_stride, lanes);
    for (int64_t l = 0; l < lanes; l += max64(width, VL)) {
      unit *panel = out + l * steps;
      for (int64_t j = 0; j < width; j += VL) {
        lanes_of_b vector = load_lanes_at(&from, at + l + j, lanes - l - j, pairs);
        if (width >= VL) memcpy(panel + j, &vector, sizeof vector);
        else /* a vector of lanes for several panels */
          for (int64_t i = 0; i < VL; i += width)
            if (l + i < lanes) memcpy(panel + i * steps, (const unit *)&vector + i, (size_t)min64(width, VL) * sizeof(unit));
      }
    }
  }
}

/** A step of VL columns of a strip as units. */
static inline void store_bytes(unit *to, const int8_t *bytes) {
#if PACKED_BF16
  const vu units = pair_up_exactly(vload_int8(bytes), vload_int8(bytes + PACKED_COLUMNS));
  memcpy(to, &units, sizeof units);
#else
  vstore(to, vload_int8(bytes));
#endif
}

/** Packs lanes [lane, lane + lanes), a whole number of vectors from the first, of a matrix in strips: see pack_block. */
static inline void pack_strips(const operand *from, int64_t lane, int64_t lanes, int64_t k, int64_t depth, int64_t width,
                               unit *out) {
  const int64_t steps = (depth + STEP - 1) / STEP, padded = (lanes + width - 1) / width * width;
  for (int64_t l = 0; l < padded; l += VL) {
    const int64_t strip = (lane + l) / PACKED_COLUMNS, column = (lane + l) % PACKED_COLUMNS;
    const int8_t *bytes = (const int8_t *)from->data + strip * from->strip_stride + k * PACKED_COLUMNS + column;
    unit *to = out + l / width * width * steps + l % width;
    for (int64_t s = 0; s < steps; s++, to += width, bytes += STEP * PACKED_COLUMNS) {
      if (l >= lanes) memset(to, 0, VL * sizeof *to);
      else store_bytes(to, bytes);
    }
  }
}

/**
 * Packs lanes [lane, lane + lanes) by k [k, k + depth) into panels of `width` lanes at `out`, padded with zeros; `buffer`
 * has room for 4 RUN items. depth is at most DEPTH.
 */
static inline __attribute__((always_inline)) void pack_block(const operand *from, int64_t lane, int64_t lanes, int64_t k,
                                                             int64_t depth, int64_t width, unit *out, item *buffer) {
  if (from->strip_stride) {
    pack_strips(from, lane, lanes, k, depth, width, out);
    return;
  }
  operand plain = *from; /* so that the compiler makes loops without GELU's constants */
  plain.pre = NULL;
  if (from->k_stride == 1) pack_along_k(from, lane, lanes, k, depth, width, out, buffer);
  else if (from->pre) pack_along_lanes(*from, lane, lanes, k, depth, width, out);
  else pack_along_lanes(plain, lane, lanes, k, depth, width, out);
}

#endif
