/**
 * What the attention kernels share: packing blocks of activations into panels, a register-tiled product of panels, and
 * 2^x. Panels lie in a thread's private scratch; their rows are padded with zeros to whole vectors.
 */
#ifndef MINILLM_ATTENTION_H
#define MINILLM_ATTENTION_H

#include "kernel.h"
#include "partial.h"

/* Rows of a product's register tile, which is two vectors wide: 16 of 32 vector registers hold sums, or 8 of 16. */
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
static inline vf pair_up(vf low, vf high) {
  const vi halves = (vi)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  vi order;
  for (int i = 0; i < VL; i++) order[i] = i | (i + VL) << 16;
  return (vf)_mm512_permutexvar_epi16((__m512i)order, (__m512i)halves);
}
#else
#define PAIR 1
static inline int64_t row_cells(int64_t D) { return whole_vectors(D); }
static inline vf multiply_add(float a, vf b, vf sum) { return sum + a * b; }
#endif

/** 2^x for x <= 0, with 0 below -126 (also for -infinity); relative error below 2e-7. */
static inline vf exp2_of_negative(vf x) {
#if defined(__AVX512F__)
  /* max gives its second operand when one is NaN, so NaN stays NaN */
  const __m512 clamped = _mm512_max_ps(_mm512_set1_ps(-200), (__m512)x);
  const __m512 rounded = _mm512_roundscale_ps(clamped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const vf r = (vf)clamped - (vf)rounded;
#else
  const vi tiny = x < -126.0f;
  const vf clamped = vselect(tiny, vsplat(-126), x);
  /* round to nearest by adding and subtracting 1.5 * 2^23 */
  const vf shifted = clamped + 12582912.0f;
  const vf r = clamped - (shifted - 12582912.0f);
#endif
  vf p = vsplat(1.3276472e-3f);
  p = p * r + 9.6755415e-3f;
  p = p * r + 5.5507133e-2f;
  p = p * r + 2.4022120e-1f;
  p = p * r + 6.9314697e-1f;
  p = p * r + 1.0f;
#if defined(__AVX512F__)
  return (vf)_mm512_scalef_ps((__m512)p, rounded);
#else
  const vf power = (vf)((vi)p + (((vi)shifted - 0x4b400000) << 23));
  return vselect(tiny, vsplat(0), power);
#endif
}

static inline vf larger(vf a, vf b) {
#if defined(__AVX512F__)
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#else
  return vmax(a, b);
#endif
}

/** panel[rows][row_cells(D)] = rows of activations `stride` apart, paired along the row; rows from `rows` on are zero. */
static inline void pack_rows(float *panel, const act *from, int64_t stride, int64_t rows, int64_t padded_rows, int64_t D) {
  const int64_t cells = row_cells(D);
  for (int64_t row = 0; row < rows; row++, from += stride, panel += cells) {
#if PAIR == 2
    memcpy(panel, from, (size_t)D * sizeof *from);
#else
    int64_t d = 0;
    for (; d + VL <= D; d += VL) vstore(panel + d, vload_act(from + d));
    if (d < D) vstore(panel + d, vload_act_first(from + d, D - d));
#endif
  }
  memset(panel, 0, (size_t)((padded_rows - rows) * cells) * sizeof *panel);
}

/** panel[padded_rows / PAIR][whole_vectors(D)] = the same rows, paired with their neighbours. */
static inline void pack_row_pairs(float *panel, const act *from, int64_t stride, int64_t rows, int64_t padded_rows, int64_t D) {
#if PAIR == 2
  const int64_t width = whole_vectors(D);
  for (int64_t row = 0; row < padded_rows; row += 2, panel += width)
    for (int64_t d = 0; d < width; d += VL) {
      const int64_t count = min64(VL, D - d);
      vf low = vsplat(0), high = vsplat(0);
      if (row < rows) low = vload_act_first(from + row * stride + d, count);
      if (row + 1 < rows) high = vload_act_first(from + (row + 1) * stride + d, count);
      vstore(panel + d, pair_up(low, high));
    }
#else
  pack_rows(panel, from, stride, rows, padded_rows, D);
#endif
}

/** panel[D / PAIR][columns] = the transpose of `rows` rows, paired along the row; columns from `rows` on are zero. */
static inline void pack_transposed(float *panel, int64_t columns, const act *from, int64_t stride, int64_t rows, int64_t D) {
  if (rows < columns) memset(panel, 0, (size_t)(D / PAIR * columns) * sizeof *panel);
  for (int64_t row = 0; row < rows; row++, from += stride)
    for (int64_t d = 0; d < D; d += PAIR) {
#if PAIR == 2
      memcpy(panel + d / 2 * columns + row, from + d, 2 * sizeof *from);
#else
      panel[d * columns + row] = act_load(from + d);
#endif
    }
}

typedef enum { OVERWRITE, ADD, RESCALE } product_mode;

/** A matrix of cells (i, k) at[i * row + k * depth]. */
typedef struct {
  const float *at;
  int64_t row, depth;
} operand;

static inline __attribute__((always_inline)) void product_tile(const int vectors, const product_mode mode, operand a,
                                                               const float *b, int64_t b_stride, int64_t depth, float *c,
                                                               int64_t c_stride, const float *scale) {
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
