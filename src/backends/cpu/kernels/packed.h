/**
 * Weights packed once for products of few rows (generation): half or a quarter of the bytes of a step that does nothing but
 * read weights, and one stream of memory instead of a row in each page.
 *
 * A packed matrix w [K,M] (K even) is a sequence of strips of PACKED_COLUMNS columns, the last padded with zeros. It holds
 * bf16 or int8:
 *
 * - BF16_PAIRS: for each pair of k one 32-bit unit a column, w[k] in the low half, w[k + 1] in the high half. That is also
 *   the form of AMX's tiles (amx.h).
 * - INT8_ROWS: for each k one byte a column. A byte is a bf16 number too; a column's sum is multiplied with its scale.
 *
 * An element of a product is one sum in the order of k, so a row's bits depend on nothing of its neighbours.
 *
 * Measured on a Zen 3 core that reads 22 GB/s: 20 GB/s for 1, 2 and 4 rows, 11 GB/s (86 GFLOP/s of 102) for 8. On an Emerald
 * Rapids core with tiles: 19, 24, 23 and 21 GB/s for 1, 2, 4 and 8 rows; with pairs of bf16 alone 19, 23, 18 and 10.
 */
#ifndef MINILLM_PACKED_H
#define MINILLM_PACKED_H

#include "amx.h"
#include "gemm.h"
#include "kernel.h"
#include "scratch.h"
#include "simd.h"

typedef enum { BF16_PAIRS, INT8_ROWS } strip_form;

#define PACKED_ROWS 8 /* rows of x multiplied with one reading of a strip */
#define TILES_AHEAD 4 /* of 16 pairs, fetched */
#define BYTES_AHEAD 4096

/* Rows whose sums stay in registers, and vectors of a strip multiplied with so many or with one or two at once. */
#if defined(__AVX512F__)
#define TILE_OF_ROWS 8
#define TILE_OF_VECTORS 2
#define VECTORS_OF_TWO 2
#else
#define TILE_OF_ROWS 4
#define TILE_OF_VECTORS 2
#define VECTORS_OF_TWO 4
#endif
#define STRIP_VECTORS (PACKED_COLUMNS / VL)
/* Pairs of k that stay in cache while all rows and columns pass over them; all of them where one pass does it. */
#define PAIRS_AT_ONCE (TILE_OF_ROWS == PACKED_ROWS && TILE_OF_VECTORS == STRIP_VECTORS ? INT64_MAX : 16)

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

/** Bytes of a pair of k in a strip. */
static inline int64_t pair_bytes(strip_form form) { return PACKED_COLUMNS * (form == BF16_PAIRS ? 4 : 2); }

static inline const char *packed_strip(strip_form form, const void *packed, int64_t strip, int64_t K) {
  return (const char *)packed + strip * (K / 2) * pair_bytes(form);
}

/** Vector v of a pair of k, as pairs of bf16. */
static inline vu load_units(const strip_form form, const char *w, int v) {
  if (form == INT8_ROWS) {
    const int8_t *bytes = (const int8_t *)w + v * VL;
    return pair_up_exactly(vload_int8(bytes), vload_int8(bytes + PACKED_COLUMNS));
  }
  vu units;
  memcpy(&units, w + v * VL * 4, sizeof units);
  return units;
}

/** The same as two vectors of floats. */
static inline void load_floats(const strip_form form, const char *w, int v, vf *low, vf *high) {
  if (form == INT8_ROWS) {
    *low = vload_int8((const int8_t *)w + v * VL);
    *high = vload_int8((const int8_t *)w + v * VL + PACKED_COLUMNS);
  } else {
    const vu units = load_units(form, w, v);
    *low = (vf)(units << 16);
    *high = (vf)(units & 0xffff0000u);
  }
}

/** sums [rows][vectors * VL] += x [rows, pairs] times the columns of a strip from vector `first`; `ahead`: fetches what follows. */
static inline __attribute__((always_inline)) void add_tile(const strip_form form, const int rows, const int vectors,
                                                           const int ahead, const x_pair *x, int64_t stride, const char *w,
                                                           int first, int64_t pairs, float *sums) {
  vf sum[TILE_OF_ROWS][4];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) sum[r][v] = vload(sums + r * PACKED_COLUMNS + (first + v) * VL);
  for (int64_t k = 0; k < pairs; k++, w += pair_bytes(form), x++) {
    if (ahead)
      for (int i = 0; i < pair_bytes(form); i += 64) __builtin_prefetch(w + BYTES_AHEAD + i);
#if defined(MINILLM_BF16) && defined(__AVX512BF16__)
    for (int v = 0; v < vectors; v++) {
      const __m512bh units = (__m512bh)load_units(form, w, first + v);
      for (int r = 0; r < rows; r++)
        sum[r][v] = (vf)_mm512_dpbf16_ps((__m512)sum[r][v], (__m512bh)_mm512_set1_epi32((int)x[r * stride]), units);
    }
#else
    vf low[4], high[4];
    for (int v = 0; v < vectors; v++) {
      load_floats(form, w, first + v, &low[v], &high[v]);
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
    for (int v = 0; v < vectors; v++) vstore(sums + r * PACKED_COLUMNS + (first + v) * VL, sum[r][v]);
}

/* All columns of a strip for a tile of rows: as many at a time as leave registers for the weights. */
static inline __attribute__((always_inline)) void add_columns(const strip_form form, const int rows, const x_pair *x,
                                                              int64_t stride, const char *w, int64_t pairs, float *sums) {
  const int vectors = rows <= 2 ? VECTORS_OF_TWO : TILE_OF_VECTORS;
  add_tile(form, rows, vectors, 1, x, stride, w, 0, pairs, sums);
  for (int v = vectors; v < STRIP_VECTORS; v += vectors) add_tile(form, rows, vectors, 0, x, stride, w, v, pairs, sums);
}

#if HAS_TILES
/** sums = the product of the pairs that fill whole tiles; returns their number. */
static inline __attribute__((always_inline)) int64_t multiply_tiles(const strip_form form, int rows, const x_pair *x,
                                                                    const char *w, int64_t K, float *sums) {
  const int64_t stride = K / 2, pairs = stride / 16 * 16;
  _Alignas(64) uint32_t widened[16 * PACKED_COLUMNS];
  configure_tiles(rows);
  __asm__ volatile("" : : : "memory"); /* x is written */
  _tile_zero(0);
  _tile_zero(1);
  for (int64_t k = 0; k < pairs; k += 16, w += 16 * pair_bytes(form)) {
    const uint32_t *units = (const uint32_t *)w;
    for (int i = 0; i < 16 * pair_bytes(form); i += 64) __builtin_prefetch(w + TILES_AHEAD * 16 * pair_bytes(form) + i);
    if (form == INT8_ROWS) {
      for (int i = 0; i < 32; i++) {
        const vu vector = load_units(form, w + i / 2 * pair_bytes(form), i % 2);
        memcpy(widened + i * VL, &vector, sizeof vector);
      }
      units = widened;
      __asm__ volatile("" : : "r"(units) : "memory"); /* they are written */
    }
    _tile_loadd(4, x + k, 4 * stride);
    _tile_loadd(6, units, 4 * PACKED_COLUMNS);
    _tile_loadd(7, units + 16, 4 * PACKED_COLUMNS);
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
static inline __attribute__((always_inline)) void multiply_strip(const strip_form form, int rows, const x_pair *x,
                                                                 const char *w, int64_t K, float *sums) {
  const int64_t stride = K / 2;
#if HAS_TILES
  const int64_t start = multiply_tiles(form, rows, x, w, K, sums);
#else
  const int64_t start = 0;
  memset(sums, 0, (size_t)rows * PACKED_COLUMNS * sizeof *sums);
#endif
  for (int64_t k = start, pairs; k < stride; k += pairs) {
    pairs = min64(PAIRS_AT_ONCE, stride - k);
    const char *at = w + k * pair_bytes(form);
    for (int r = 0; r < rows; r += TILE_OF_ROWS) {
      const x_pair *x_at = x + r * stride + k;
      float *to = sums + r * PACKED_COLUMNS;
      switch (min64(TILE_OF_ROWS, rows - r)) {
#define CASE(R) case R: add_columns(form, R, x_at, stride, at, pairs, to); break;
        CASE(1) CASE(2) CASE(3) CASE(4)
#if TILE_OF_ROWS > 4
        CASE(5) CASE(6) CASE(7) CASE(8)
#endif
#undef CASE
      }
    }
  }
}

/**
 * c [N,M] = x [N,K], or the rows of x [.,K] that `rows` [N] names, times a packed matrix. Work is claimed by the strip: each
 * thread first goes through neighbouring strips of its own, one stream of memory, and then helps the others with theirs.
 */
static inline __attribute__((always_inline)) void multiply_packed(const strip_form form, const act *x, const int32_t *rows,
                                                                  const void *packed, const destination *c, int64_t N,
                                                                  int64_t K, int64_t M, team *team) {
  const int64_t strips = packed_strips(M);
  float *sums = team->scratch;
  x_pair *pairs = (x_pair *)(sums + PACKED_ROWS * PACKED_COLUMNS);
  const int64_t parts = min64(team->threads, TEAM_COUNTERS), items = blocks_in(N, PACKED_ROWS) * strips;
  int64_t ready = -1;
  for (int64_t turn = 0; turn < parts; turn++) {
    const int64_t part = (team->thread + turn) % parts, start = items * part / parts, end = items * (part + 1) / parts;
    for (int64_t item; (item = start + team_claim(team, (int)part)) < end;) {
      const int64_t first = item / strips * PACKED_ROWS, strip = item % strips, column = strip * PACKED_COLUMNS;
      const int count = (int)min64(PACKED_ROWS, N - first);
      if (ready != first)
        for (int64_t r = 0; r < count; r++) {
          const act *from = x + (rows ? rows[first + r] : first + r) * K;
          for (int64_t i = 0; i < K / 2; i++) pairs[r * (K / 2) + i] = pair_of(from + 2 * i);
        }
      ready = first;
      multiply_strip(form, count, pairs, packed_strip(form, packed, strip, K), K, sums);
      for (int r = 0; r < count; r++)
        write_row(c, (first + r) * M, column, sums + r * PACKED_COLUMNS, min64(PACKED_COLUMNS, M - column));
    }
  }
}

#endif
