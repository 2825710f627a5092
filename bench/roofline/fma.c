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
static double best_rate(int threads, void *(*sums)(void *job), double flops_a_round) {
  int64_t rounds = ROUNDS;
  double best = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    double rate = flops_a_round * ROUNDS * threads / seconds_on_threads(threads, sums, &rounds);
    if (rate > best) best = rate;
  }
  return best;
}

EXPORT double roofline_fp32(int32_t threads) { return best_rate(threads, fp32_sums, 2.0 * LANES * SUMS); }

#if defined(__AVX512BF16__)
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
EXPORT double roofline_bf16(int32_t threads) { return best_rate(threads, bf16_sums, 2.0 * 32 * SUMS); }
#else
/** 0: this instruction set has no bf16 dot products. */
EXPORT double roofline_bf16(int32_t threads) {
  (void)threads;
  return 0;
}
#endif
