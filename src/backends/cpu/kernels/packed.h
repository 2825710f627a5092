/**
 * Weights packed once for products of few rows (generation), in bf16: half the bytes of a step that does nothing but read
 * weights, and one stream of memory instead of a row in each page.
 *
 * A packed matrix w [K,M] (K even) is a sequence of strips of PACKED_COLUMNS columns, the last padded with zeros. A strip
 * holds, for each pair of k, one 32-bit unit a column: w[k] in the low half, w[k + 1] in the high half. That is also the
 * form of AMX's tiles (amx.h). An element of a product is one sum in the order of k, so a row's bits depend on nothing of its
 * neighbours.
 *
 * Measured on a Zen 3 core that reads 22 GB/s: 20 GB/s for 1, 2 and 4 rows, 11 GB/s (86 GFLOP/s of 102) for 8. On an Emerald
 * Rapids core with tiles: 19, 24, 23 and 21 GB/s for 1, 2, 4 and 8 rows; with pairs of bf16 alone 19, 23, 18 and 10.
 */
#ifndef MINILLM_PACKED_H
#define MINILLM_PACKED_H

#include "amx.h"
#include "kernel.h"
#include "scratch.h"
#include "simd.h"

#define PACKED_COLUMNS 32
#define PACKED_ROWS 8 /* rows of x multiplied with one reading of a strip */
#define TILE_OF_ROWS 4 /* of them, those whose sums stay in registers */
#define TILES_AHEAD 4 /* of 16 pairs, fetched */
#define PAIRS_AT_ONCE 16 /* of a strip, 2 KB: in cache while all rows pass over them, and the next are fetched */

/* A pair of neighbours in a row of x: two bf16 where the processor multiplies such pairs, else two floats. */
#if defined(MINILLM_BF16) && defined(__AVX512BF16__)
typedef uint32_t x_pair;
static inline x_pair pair_of(const act *x) {
  x_pair pair;
  memcpy(&pair, x, sizeof pair);
  return pair;
}
#else
typedef struct {
  float low, high;
} x_pair;
static inline x_pair pair_of(const act *x) { return (x_pair){act_load(x), act_load(x + 1)}; }
#endif

static inline int64_t packed_strips(int64_t M) { return (M + PACKED_COLUMNS - 1) / PACKED_COLUMNS; }
static inline const uint32_t *packed_strip(const void *packed, int64_t strip, int64_t K) {
  return (const uint32_t *)packed + strip * (K / 2) * PACKED_COLUMNS;
}

/** sums [rows][vectors * VL] += x [rows, pairs] times the first columns of a strip at `w`; `ahead`: fetches what follows. */
static inline __attribute__((always_inline)) void add_tile(const int rows, const int vectors, const int ahead,
                                                           const x_pair *x, int64_t stride, const uint32_t *w,
                                                           int64_t pairs, float *sums) {
  vf sum[TILE_OF_ROWS][4];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) sum[r][v] = vload(sums + r * PACKED_COLUMNS + v * VL);
  for (int64_t k = 0; k < pairs; k++, w += PACKED_COLUMNS, x++) {
    if (ahead)
      for (int i = 0; i < PACKED_COLUMNS; i += 16) __builtin_prefetch(w + PAIRS_AT_ONCE * PACKED_COLUMNS + i);
#if defined(MINILLM_BF16) && defined(__AVX512BF16__)
    for (int v = 0; v < vectors; v++) {
      const __m512bh units = (__m512bh)_mm512_loadu_si512(w + v * VL);
      for (int r = 0; r < rows; r++)
        sum[r][v] = (vf)_mm512_dpbf16_ps((__m512)sum[r][v], (__m512bh)_mm512_set1_epi32((int)x[r * stride]), units);
    }
#else
    vf low[4], high[4];
    for (int v = 0; v < vectors; v++) {
      vu units;
      memcpy(&units, w + v * VL, sizeof units);
      low[v] = (vf)(units << 16);
      high[v] = (vf)(units & 0xffff0000u);
      HOLD(low[v]);
      HOLD(high[v]);
    }
    for (int r = 0; r < rows; r++) {
      const x_pair pair = x[r * stride];
      for (int v = 0; v < vectors; v++) sum[r][v] += vsplat(pair.low) * low[v];
      for (int v = 0; v < vectors; v++) sum[r][v] += vsplat(pair.high) * high[v];
    }
#endif
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) vstore(sums + r * PACKED_COLUMNS + v * VL, sum[r][v]);
}

/* All columns of a strip for up to four rows: as many at a time as leave registers for the weights. */
static inline __attribute__((always_inline)) void add_columns(const int rows, const int ahead, const x_pair *x,
                                                              int64_t stride, const uint32_t *w, int64_t pairs,
                                                              float *sums) {
  enum { ALL = PACKED_COLUMNS / VL };
  const int vectors = rows <= 2 ? (ALL < 4 ? ALL : 4) : 2;
  add_tile(rows, vectors, ahead, x, stride, w, pairs, sums);
  for (int v = vectors; v < ALL; v += vectors) add_tile(rows, vectors, 0, x, stride, w + v * VL, pairs, sums + v * VL);
}

#if HAS_TILES
/** sums = the product of the pairs that fill whole tiles; returns their number. */
static inline int64_t multiply_tiles(int rows, const x_pair *x, const uint32_t *w, int64_t K, float *sums) {
  const int64_t stride = K / 2, pairs = stride / 16 * 16;
  configure_tiles(rows);
  __asm__ volatile("" : : : "memory"); /* x is written */
  _tile_zero(0);
  _tile_zero(1);
  for (int64_t k = 0; k < pairs; k += 16, w += 16 * PACKED_COLUMNS) {
    for (int i = 0; i < 16 * PACKED_COLUMNS; i += 16) __builtin_prefetch(w + TILES_AHEAD * 16 * PACKED_COLUMNS + i);
    _tile_loadd(4, x + k, 4 * stride);
    _tile_loadd(6, w, 4 * PACKED_COLUMNS);
    _tile_loadd(7, w + 16, 4 * PACKED_COLUMNS);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
  }
  _tile_stored(0, sums, 4 * PACKED_COLUMNS);
  _tile_stored(1, sums + 16, 4 * PACKED_COLUMNS);
  _tile_release();
  return pairs;
}
#endif

/** sums [rows][PACKED_COLUMNS] = x [rows, K / 2 pairs] times a strip, for 1 to PACKED_ROWS rows. */
static void multiply_strip(int rows, const x_pair *x, const uint32_t *w, int64_t K, float *sums) {
  const int64_t stride = K / 2;
#if HAS_TILES
  const int64_t start = multiply_tiles(rows, x, w, K, sums);
#else
  const int64_t start = 0;
  memset(sums, 0, (size_t)rows * PACKED_COLUMNS * sizeof *sums);
#endif
  for (int64_t k = start; k < stride; k += PAIRS_AT_ONCE) {
    const int64_t pairs = min64(PAIRS_AT_ONCE, stride - k);
    const uint32_t *at = w + k * PACKED_COLUMNS;
    for (int r = 0; r < rows; r += TILE_OF_ROWS) {
      const x_pair *x_at = x + r * stride + k;
      float *to = sums + r * PACKED_COLUMNS;
      switch (rows - r) {
        case 1: add_columns(1, 1, x_at, stride, at, pairs, to); break;
        case 2: add_columns(2, 1, x_at, stride, at, pairs, to); break;
        case 3: add_columns(3, 1, x_at, stride, at, pairs, to); break;
        default: add_columns(4, 1, x_at, stride, at, pairs, to);
      }
    }
  }
}

#endif
