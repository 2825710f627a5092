/**
 * The innermost piece of a matrix product: one tile of C, TILE_ROWS x TILE_COLUMNS, from a panel of A and a panel of B.
 *
 * A panel holds its lanes (rows of A, columns of B) side by side for each step along k. A step is one float, or, where the
 * processor multiplies bf16 (AVX512BF16), a pair of bf16 along k in one 32-bit unit. Panels are padded with zeros to whole
 * tiles, so edges run the same code and a row's bits do not depend on where it stands.
 */
#ifndef MINILLM_GEMM_TILE_H
#define MINILLM_GEMM_TILE_H

#include "simd.h"

#if defined(__AVX512F__)
#define TILE_ROWS 8
#define TILE_VECTORS 3
#elif defined(__AVX2__)
#define TILE_ROWS 4
#define TILE_VECTORS 3
#elif defined(__aarch64__)
#define TILE_ROWS 8
#define TILE_VECTORS 3
#else
#define TILE_ROWS 4
#define TILE_VECTORS 2
#endif
#define TILE_COLUMNS (TILE_VECTORS * VL)

#if defined(MINILLM_BF16) && defined(__AVX512BF16__)
#define PACKED_BF16 1
#define STEP 2
typedef bf16 item;
typedef uint32_t unit;
#else
#define PACKED_BF16 0
#define STEP 1
typedef float item;
typedef float unit;
#endif

#if PACKED_BF16
typedef __m512i lanes_of_b;
static inline lanes_of_b load_lanes(const unit *b) { return _mm512_loadu_si512(b); }
static inline vf multiply_add(vf sum, unit a, lanes_of_b b) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)a), (__m512bh)b);
}
#define ONE 0x3f803f80u
#else
typedef vf lanes_of_b;
static inline lanes_of_b load_lanes(const unit *b) { return vload(b); }
static inline vf multiply_add(vf sum, unit a, lanes_of_b b) { return sum + vsplat(a) * b; }
#define ONE 1.0f
#endif

/** c (dense TILE_ROWS x TILE_COLUMNS) = the product of two panels over `steps`, added to what c holds unless `first`. */
static __attribute__((noinline)) void multiply_tile(int64_t steps, const unit *a, const unit *b, float *c, int first) {
  vf sum[TILE_ROWS][TILE_VECTORS];
  for (int i = 0; i < TILE_ROWS; i++)
    for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = (vf){0};
  for (int64_t s = 0; s < steps; s++) {
    lanes_of_b lanes[TILE_VECTORS];
    for (int j = 0; j < TILE_VECTORS; j++) {
      lanes[j] = load_lanes(b + j * VL);
      HOLD(lanes[j]);
    }
    for (int i = 0; i < TILE_ROWS; i++)
      for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = multiply_add(sum[i][j], a[i], lanes[j]);
    a += TILE_ROWS;
    b += TILE_COLUMNS;
  }
  for (int i = 0; i < TILE_ROWS; i++)
    for (int j = 0; j < TILE_VECTORS; j++) {
      float *at = c + i * TILE_COLUMNS + j * VL;
      vstore(at, first ? sum[i][j] : vload(at) + sum[i][j]);
    }
}

/** total[0 .. TILE_COLUMNS) += the sums over `steps` of a panel of B. */
static inline void sum_panel(int64_t steps, const unit *b, float *total) {
  vf sum[TILE_VECTORS];
  for (int j = 0; j < TILE_VECTORS; j++) sum[j] = (vf){0};
  for (int64_t s = 0; s < steps; s++, b += TILE_COLUMNS)
    for (int j = 0; j < TILE_VECTORS; j++) sum[j] = multiply_add(sum[j], ONE, load_lanes(b + j * VL));
  for (int j = 0; j < TILE_VECTORS; j++) vstore(total + j * VL, vload(total + j * VL) + sum[j]);
}

#endif
