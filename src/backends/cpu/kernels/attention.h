/**
 * What the attention kernels share: packing blocks of activations into panels, a register-tiled product of panels, and
 * 2^x. Panels lie in a thread's private scratch; their rows are padded with zeros to whole vectors.
 */
#ifndef MINILLM_ATTENTION_H
#define MINILLM_ATTENTION_H

#include "kernel.h"
#include "partial.h"

/*
 * Rows of a product's register tile, which is two vectors wide: 16 of 32 vector registers hold sums, or 8 of 16 (three
 * vectors, 12 of 16, were no faster with AVX2).
 */
#if defined(__AVX512F__) || defined(__aarch64__)
#define STRIP 8
#else
#define STRIP 4
#endif

#define LOG2_E 1.44269504088896341f
#define LN_2 0.69314718055994531f

static inline int64_t whole_vectors(int64_t count) { return (count + VL - 1) / VL * VL; }

/*
 * A cell of a panel is a float; where the processor multiplies pairs of bf16, it is two bf16 that are neighbours along
 * the dimension a product sums over (the first in the low half), and a product takes half the steps.
 */
#if defined(MINILLM_BF16) && defined(__AVX512BF16__)
#define PAIR 2
static inline int64_t row_cells(int64_t D) { return D / 2; }
static inline vf multiply_add(float a, vf b, vf sum) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(a), (__m512bh)b);
}
#else
#define PAIR 1
static inline int64_t row_cells(int64_t D) { return whole_vectors(D); }
static inline vf multiply_add(float a, vf b, vf sum) { return sum + a * b; }
#endif

/** 2^x for x <= 0; relative error below 3e-7, but 0 or a denormal below -126, 0 for -infinity. */
static inline vf exp2_of_negative(vf x) {
  static const float c[6] = {1.0f, 6.9314697e-1f, 2.4022120e-1f, 5.5507133e-2f, 9.6755415e-3f, 1.3276472e-3f};
#if defined(__AVX512F__)
  const __m512 clamped = (__m512)vmax(vsplat(-200), x);
  const __m512 rounded = _mm512_roundscale_ps(clamped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const vf r = (vf)clamped - (vf)rounded;
#else
  const vf clamped = vmax(vsplat(-126), x);
  /* round to nearest by adding and subtracting 1.5 * 2^23, whose low bits then hold it */
  const vf shifted = clamped + 12582912.0f;
  const vf r = clamped - (shifted - 12582912.0f);
#endif
  const vf p = vpolynomial(r, r * r, c);
#if defined(__AVX512F__)
  return (vf)_mm512_scalef_ps((__m512)p, rounded);
#else
  const vf power = (vf)(((vi)shifted << 23) + 0x3f800000);
  return (vf)((vi)(p * power) & ~(x < -126.0f));
#endif
}

/** Copies 32-bit cells; inline, as a row is too short for a call of memcpy. */
static inline void copy_cells(void *to, const void *from, int64_t count) {
  float *target = to;
  const float *source = from;
  int64_t i = 0;
  for (; i + VL <= count; i += VL) vstore(target + i, vload(source + i));
  if (i < count) memcpy(target + i, source + i, (size_t)(count - i) * sizeof *target);
}

static inline vf load_up_to_vector(const act *p, int64_t count) {
  return count >= VL ? vload_act(p) : vload_act_first(p, count);
}

/** panel[padded_rows][row_cells(D)] = rows of activations `stride` apart, paired along the row; padding is zero. */
static inline void pack_rows(float *panel, const act *from, int64_t stride, int64_t rows, int64_t padded_rows,
                             int64_t D) {
  const int64_t cells = row_cells(D);
  for (int64_t row = 0; row < rows; row++, from += stride, panel += cells) {
#if PAIR == 2
    copy_cells(panel, from, cells);
#else
    for (int64_t d = 0; d < D; d += VL) vstore(panel + d, load_up_to_vector(from + d, D - d));
#endif
  }
  memset(panel, 0, (size_t)((padded_rows - rows) * cells) * sizeof *panel);
}

/** panel[padded_rows / PAIR][whole_vectors(D)] = the same rows, paired with their neighbours. */
static inline void pack_row_pairs(float *panel, const act *from, int64_t stride, int64_t rows, int64_t padded_rows,
                                  int64_t D) {
#if PAIR == 2
  const int64_t width = whole_vectors(D);
  for (int64_t row = 0; row < padded_rows; row += 2, from += 2 * stride, panel += width)
    for (int64_t d = 0; d < D; d += VL) {
      const vf low = row < rows ? load_up_to_vector(from + d, D - d) : vsplat(0);
      const vf high = row + 1 < rows ? load_up_to_vector(from + stride + d, D - d) : vsplat(0);
      vstore(panel + d, pair_up(low, high));
    }
#else
  pack_rows(panel, from, stride, rows, padded_rows, D);
#endif
}

/* The cell at `from`: one activation, or where they are paired two. */
static inline float load_cell(const act *from) {
#if PAIR == 2
  float cell;
  memcpy(&cell, from, sizeof cell);
  return cell;
#else
  return act_load(from);
#endif
}

#if defined(__AVX512F__)
/* Transposes 16×16 cells: pairs, then fours within 128-bit lanes, then the lanes. */
static inline void transpose_16(float *to, int64_t columns, const act *from, int64_t stride) {
  __m512 a[16], b[16];
  for (int i = 0; i < 16; i++, from += stride)
    a[i] = PAIR == 2 ? (__m512)vload((const float *)from) : (__m512)vload_act(from);
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int half = 0; half < 2; half++) {
      const __m512d x = (__m512d)b[i + half], y = (__m512d)b[i + half + 2];
      a[i + 2 * half] = (__m512)_mm512_unpacklo_pd(x, y);
      a[i + 2 * half + 1] = (__m512)_mm512_unpackhi_pd(x, y);
    }
  for (int i = 0; i < 4; i++) {
    b[i] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0x88);
    b[i + 4] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0xdd);
    b[i + 8] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0x88);
    b[i + 12] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    vstore(to + i * columns, (vf)_mm512_shuffle_f32x4(b[i], b[i + 8], 0x88));
    vstore(to + (i + 8) * columns, (vf)_mm512_shuffle_f32x4(b[i], b[i + 8], 0xdd));
  }
}
#endif

/** panel[D / PAIR][columns] = the transpose of `rows` rows, paired along the row; columns from `rows` on are zero. */
static inline void pack_transposed(float *panel, int64_t columns, const act *from, int64_t stride, int64_t rows,
                                   int64_t D) {
  const int64_t cells = D / PAIR;
  if (rows < columns) memset(panel, 0, (size_t)(cells * columns) * sizeof *panel);
  int64_t tiled_rows = 0, tiled_cells = 0;
#if defined(__AVX512F__)
  tiled_rows = rows / 16 * 16;
  tiled_cells = cells / 16 * 16;
  for (int64_t row = 0; row < tiled_rows; row += 16)
    for (int64_t cell = 0; cell < tiled_cells; cell += 16)
      transpose_16(panel + cell * columns + row, columns, from + row * stride + cell * PAIR, stride);
#endif
  for (int64_t row = 0; row < rows; row++)
    for (int64_t cell = row < tiled_rows ? tiled_cells : 0; cell < cells; cell++)
      panel[cell * columns + row] = load_cell(from + row * stride + cell * PAIR);
}

typedef enum { OVERWRITE, ADD, RESCALE } product_mode;

/** A matrix of cells (i, k) at[i * row + k * depth]. */
typedef struct {
  const float *at;
  int64_t row, depth;
} operand;

static inline __attribute__((always_inline)) void product_tile(const int vectors, const product_mode mode, operand a,
                                                               const float *b, int64_t b_stride, int64_t depth,
                                                               float *c, int64_t c_stride, const float *scale) {
  vf sum[STRIP][2];
  for (int r = 0; r < STRIP; r++)
    for (int v = 0; v < vectors; v++) {
      sum[r][v] = mode == OVERWRITE ? vsplat(0) : vload(c + r * c_stride + v * VL);
      if (mode == RESCALE) sum[r][v] *= scale[r];
    }
  for (int64_t k = 0; k < depth; k++, a.at += a.depth, b += b_stride) {
    vf panel[2];
    for (int v = 0; v < vectors; v++) panel[v] = vload(b + v * VL);
    for (int r = 0; r < STRIP; r++) {
      const float element = a.at[r * a.row];
      for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(element, panel[v], sum[r][v]);
    }
  }
  for (int r = 0; r < STRIP; r++)
    for (int v = 0; v < vectors; v++) vstore(c + r * c_stride + v * VL, sum[r][v]);
}

/**
 * c[STRIP][columns] = a·b (OVERWRITE), c + a·b (ADD) or scale[row]·c + a·b (RESCALE) for a[STRIP][depth] and
 * b[depth][columns], depth counted in cells; `columns` is a multiple of VL.
 */
static inline __attribute__((always_inline)) void product(const product_mode mode, operand a, const float *b,
                                                          int64_t b_stride, int64_t depth, float *c, int64_t c_stride,
                                                          int64_t columns, const float *scale) {
  int64_t j = 0;
  for (; j + 2 * VL <= columns; j += 2 * VL) product_tile(2, mode, a, b + j, b_stride, depth, c + j, c_stride, scale);
  if (j < columns) product_tile(1, mode, a, b + j, b_stride, depth, c + j, c_stride, scale);
}

#endif
