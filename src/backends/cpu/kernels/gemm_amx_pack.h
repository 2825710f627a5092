/**
 * Packing for tiles (amx.h): copies a block of a matrix into panels, converting to bf16 and multiplying with GELU's derivative
 * on the way where asked. One of a matrix's two strides is 1. 16 lanes by 32 of k are read as 16 vectors, which run along k
 * or, in pairs of k, along the lanes; where a tile needs the other direction they are transposed in registers.
 */
#ifndef MINILLM_GEMM_AMX_PACK_H
#define MINILLM_GEMM_AMX_PACK_H

#include "amx.h"
#include "gemm.h"

/* Steps of k fetched ahead where runs lie along the lanes. */
#define AHEAD 1

/** The first `count` of n neighbours as a mask. */
static inline uint32_t first_of(int64_t count, int n) {
  return count >= n ? (uint32_t)((1ull << n) - 1) : count <= 0 ? 0 : (1u << count) - 1;
}

/** 16 elements from offset `at` as floats, those outside the mask 0. */
static inline vf load_masked(const operand *from, int64_t at, __mmask16 mask) {
  vf v;
  if (from->is_bf16)
    v = (vf)((vu)_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, (const bf16 *)from->data + at)) << 16);
  else
    v = (vf)_mm512_maskz_loadu_ps(mask, (const float *)from->data + at);
  if (!from->pre) return v;
  vu pre = (vu)_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from->pre + at));
  return v * vgelu_derivative((vf)(pre << 16));
}

/** 32 elements along k from offset `at`, as 16 units. */
static inline __m512i units_along_k(const operand *from, int64_t at, uint32_t mask) {
  if (from->is_bf16 && !from->pre) return _mm512_maskz_loadu_epi16(mask, (const bf16 *)from->data + at);
  vf low = load_masked(from, at, (__mmask16)mask), high = load_masked(from, at + 16, (__mmask16)(mask >> 16));
  return (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/** 16 lanes from offset `at`, paired with the next along k if `pairs`. */
static inline __m512i units_along_lanes(const operand *from, int64_t at, __mmask16 mask, int pairs) {
  __mmask16 next = pairs ? mask : 0;
  if (from->is_bf16 && !from->pre) {
    const bf16 *low = (const bf16 *)from->data + at;
    __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(next, low + from->k_stride));
    return _mm512_or_si512(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, low)), _mm512_slli_epi32(high, 16));
  }
  return (__m512i)pair_up(load_masked(from, at, mask), load_masked(from, at + from->k_stride, next));
}

/** 16 neighbours of a strip (packed.h), paired with the next along k. */
static inline __m512i units_of_strip(const int8_t *bytes) {
  return (__m512i)pair_up_exactly(vload_int8(bytes), vload_int8(bytes + PACKED_COLUMNS));
}

/** Transposes 16 x 16 units: pairs, then fours within 128-bit lanes, then the lanes. */
static inline void transpose_units(__m512i v[16]) {
  __m512i a[16];
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int half = 0; half < 2; half++) {
      v[i + 2 * half] = _mm512_unpacklo_epi64(a[i + half], a[i + half + 2]);
      v[i + 2 * half + 1] = _mm512_unpackhi_epi64(a[i + half], a[i + half + 2]);
    }
  for (int i = 0; i < 4; i++) {
    a[i] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0x88);
    a[i + 4] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd);
    a[i + 8] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0x88);
    a[i + 12] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    v[i] = _mm512_shuffle_i32x4(a[i], a[i + 8], 0x88);
    v[i + 8] = _mm512_shuffle_i32x4(a[i], a[i + 8], 0xdd);
  }
}

/** One tile: `lanes` lanes (16, or fewer and zeros) from `lane` by `depth` of k (32, or fewer and zeros) from k. */
static inline __attribute__((always_inline)) void pack_tile(const operand *from, const int of_a, int64_t lane, int64_t lanes,
                                                            int64_t k, int64_t depth, uint32_t *out) {
  __m512i v[16];
  if (from->strip_stride) { /* of B */
    const int8_t *bytes = (const int8_t *)from->data + lane / PACKED_COLUMNS * from->strip_stride + lane % PACKED_COLUMNS;
    const int units = lanes <= 0 ? 0 : (int)min64(16, blocks_in(depth, 2));
    for (int i = 0; i < units; i++) v[i] = units_of_strip(bytes + (k + 2 * i) * PACKED_COLUMNS);
    for (int i = units; i < 16; i++) v[i] = _mm512_setzero_si512();
  } else if (from->k_stride == 1) {
    uint32_t mask = first_of(depth, 32);
    for (int i = 0; i < 16; i++)
      v[i] = units_along_k(from, (lane + i) * from->lane_stride + k, i < lanes ? mask : 0);
    if (!of_a) transpose_units(v);
  } else {
    __mmask16 mask = (__mmask16)first_of(lanes, 16);
    for (int i = 0; i < 16; i++)
      v[i] = units_along_lanes(from, lane + (k + 2 * i) * from->k_stride, 2 * i < depth ? mask : 0, 2 * i + 1 < depth);
    if (of_a) transpose_units(v);
  }
  for (int i = 0; i < 16; i++) _mm512_store_si512(out + 16 * i, v[i]);
}

static inline __attribute__((always_inline)) void pack_as(const operand from, const int of_a, int64_t lane, int64_t lanes,
                                                          int64_t k, int64_t depth, uint32_t *out) {
  const int64_t steps = blocks_in(depth, STEP_ITEMS), panels = blocks_in(lanes, PANEL_LANES);
  const int along_k = from.k_stride == 1;
  for (int64_t i = 0; i < steps * panels; i++) {
    /* memory is followed in the direction it runs */
    int64_t panel = along_k ? i / steps : i % panels, s = along_k ? i % steps : i / panels;
    for (int64_t half = 0; half < 2; half++) {
      int64_t first = panel * PANEL_LANES + half * 16;
      pack_tile(&from, of_a, lane + first, lanes - first, k + s * STEP_ITEMS, depth - s * STEP_ITEMS,
                out + (panel * steps + s) * STEP_UNITS + half * TILE_UNITS);
    }
  }
}

/**
 * Packs lanes [lane, lane + lanes) by k [k, k + depth) as panels of A or of B at `out`, one after the other, padded with zeros.
 */
static inline __attribute__((always_inline)) void pack_panels(const operand *from, const int of_a, int64_t lane,
                                                              int64_t lanes, int64_t k, int64_t depth, uint32_t *out) {
  operand as = *from; /* so that the compiler makes a loop for each type */
  if (as.pre || as.strip_stride) {
    pack_as(as, of_a, lane, lanes, k, depth, out);
    return;
  }
  as.pre = NULL;
  as.strip_stride = 0;
  as.is_bf16 = from->is_bf16 ? 1 : 0;
  if (as.is_bf16) {
    as.is_bf16 = 1;
    pack_as(as, of_a, lane, lanes, k, depth, out);
  } else {
    as.is_bf16 = 0;
    pack_as(as, of_a, lane, lanes, k, depth, out);
  }
}

#endif
