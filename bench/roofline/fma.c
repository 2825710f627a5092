/**
 * The peak rate of multiply-adds: as many independent sums as hide the instruction's latency (4 cycles, two a cycle), all in
 * registers, so that nothing but the arithmetic units is measured.
 */
#include "threads.h"
#include "vectors.h"

#include <stdint.h>
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#define SUMS 12
#define ROUNDS 1000000 /* some 2 ms: short enough to fall between other processes' turns */
#define TILE_ROUNDS 50000 /* of 64 cycles */
#define PASSES 100
#define EACH_SUM(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* makes the compiler assume that the value may have changed, so that it neither merges nor drops the sums */
#if defined(__x86_64__)
#define OPAQUE(value) __asm__ volatile("" : "+x"(value))
#else
#define OPAQUE(value) __asm__ volatile("" : "+w"(value))
#endif

static void *fp32_sums(void *of) {
  int64_t rounds = *(int64_t *)((job *)of)->data;
  vector x = {0.5f}, y = {0.25f};
  OPAQUE(x);
  OPAQUE(y);
#define DECLARE(I) vector s##I = {0};
  EACH_SUM(DECLARE)
  for (int64_t round = 0; round < rounds; round++) {
#define ADD(I) s##I = s##I * x + y; OPAQUE(s##I);
    EACH_SUM(ADD)
  }
  return NULL;
}

/** Floating-point operations a second in the best of many short passes, a multiply-add counted as two. */
static double best_rate(int threads, void *(*sums)(void *job), double flops_a_round, int64_t rounds) {
  double best = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    double rate = flops_a_round * (double)rounds * threads / seconds_on_threads(threads, sums, &rounds);
    if (rate > best) best = rate;
  }
  return best;
}

EXPORT double roofline_fp32(int32_t threads) { return best_rate(threads, fp32_sums, 2.0 * LANES * SUMS, ROUNDS); }

#if defined(__AMX_BF16__)
/* Four tiles of sums, 16 x 16 each, from pairs of tiles of 16 x 32. */
static void *bf16_sums(void *of) {
  int64_t rounds = *(int64_t *)((job *)of)->data;
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int i = 0; i < 8; i++) configuration.row_bytes[i] = 64, configuration.rows[i] = 16;
  __asm__ volatile("" : : "m"(configuration)); /* the intrinsic does not say that it reads all of it */
  _tile_loadconfig(&configuration);
  for (int64_t round = 0; round < rounds; round++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return NULL;
}

/** The same of bf16 tiles: 16 x 16 x 32 multiply-adds an instruction. */
EXPORT double roofline_bf16(int32_t threads) {
  return best_rate(threads, bf16_sums, 2.0 * 16 * 16 * 32 * 4, TILE_ROUNDS);
}
#elif defined(__AVX512BF16__)
static void *bf16_sums(void *of) {
  int64_t rounds = *(int64_t *)((job *)of)->data;
  __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f)), y = x;
#define DECLARE_BF16(I) __m512 s##I = _mm512_setzero_ps();
  EACH_SUM(DECLARE_BF16)
  for (int64_t round = 0; round < rounds; round++) {
#define ADD_BF16(I) s##I = _mm512_dpbf16_ps(s##I, x, y); OPAQUE(s##I);
    EACH_SUM(ADD_BF16)
  }
  return NULL;
}

/** The same of bf16 dot products: 32 multiply-adds an instruction. */
EXPORT double roofline_bf16(int32_t threads) { return best_rate(threads, bf16_sums, 2.0 * 32 * SUMS, ROUNDS); }
#else
/** 0: this instruction set has no bf16 dot products. */
EXPORT double roofline_bf16(int32_t threads) {
  (void)threads;
  return 0;
}
#endif
