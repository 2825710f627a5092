/**
 * Vectors of VL floats, in the compiler's vector extension so that one source serves AVX-512, AVX2, NEON and plain C; the
 * variant is chosen by the flags the file is compiled with.
 *
 * `act` is the type activations are stored in: float, or bf16 (round to nearest even) when compiled with -DMINILLM_BF16.
 */
#ifndef MINILLM_SIMD_H
#define MINILLM_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

/* Whether the processor multiplies tiles of bf16 (amx.h). */
#if defined(MINILLM_BF16) && defined(__AMX_BF16__)
#define HAS_TILES 1
#else
#define HAS_TILES 0
#endif

#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef float vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4)));
typedef uint16_t vh __attribute__((vector_size(VL * 2)));

typedef struct {
  uint16_t bits;
} bf16;

#ifdef MINILLM_BF16
typedef bf16 act;
#else
typedef float act;
#endif

/*
 * Holds a value in a vector register. Left to itself gcc reads a panel of the matrix product again for each row of an AVX2
 * tile, and the loads bound the loop: 71 GFLOP/s of 102 on a Zen 3 core, 86 when held.
 */
#if defined(__x86_64__)
#define HOLD(vector) __asm__("" : "+v"(vector))
#elif defined(__aarch64__)
#define HOLD(vector) __asm__("" : "+w"(vector))
#else
#define HOLD(vector) (void)(vector)
#endif

static inline vf vsplat(float x) { return x - (vf){0}; }
static inline vf vload(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}
static inline void vstore(float *p, vf v) { memcpy(p, &v, sizeof v); }

static inline float float_of_bf16(bf16 x) {
  uint32_t u = (uint32_t)x.bits << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline bf16 bf16_of_float(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  if ((u & 0x7fffffffu) > 0x7f800000u) return (bf16){(uint16_t)((u >> 16) | 0x40)}; /* NaN stays NaN */
  return (bf16){(uint16_t)((u + 0x7fffu + ((u >> 16) & 1)) >> 16)};
}

static inline vu vload_bits(const bf16 *p) {
#if defined(__AVX512F__) /* one instruction, of which gcc makes three of __builtin_convertvector */
  return (vu)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
  return (vu)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
  vh h;
  memcpy(&h, p, sizeof h);
  return __builtin_convertvector(h, vu);
#endif
}
static inline vf vload_bf16(const bf16 *p) { return (vf)(vload_bits(p) << 16); }
static inline void vstore_bf16(bf16 *p, vf v) {
#if defined(__AVX512BF16__)
  __m256bh h = _mm512_cvtneps_pbh((__m512)v);
  memcpy(p, &h, sizeof h);
#else
  vu u = (vu)v;
  vu rounded = (u + 0x7fffu + ((u >> 16) & 1)) >> 16;
  vu nan = (u >> 16) | 0x40;
  vu is_nan = (vu)((u & 0x7fffffffu) > 0x7f800000u);
  vh h = __builtin_convertvector((nan & is_nan) | (rounded & ~is_nan), vh);
  memcpy(p, &h, sizeof h);
#endif
}

/** VL neighbouring int8 as floats. */
static inline vf vload_int8(const int8_t *p) {
#if defined(__AVX512F__)
  return (vf)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
#elif defined(__AVX2__)
  return (vf)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
#else
  int8_t bytes __attribute__((vector_size(VL)));
  memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(bytes, vf);
#endif
}

/** Pairs of bf16 in 32 bits each, of floats that are bf16 numbers: `low` in the low half, `high` in the high one. */
static inline vu pair_up_exactly(vf low, vf high) { return (vu)low >> 16 | (vu)high; }

#if defined(__AVX512BF16__)
/** Pairs of bf16 in 32 bits each, lane by lane: `low` rounded in the low half, `high` in the high one. */
static inline vf pair_up(vf low, vf high) {
  const vi halves = (vi)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  vi order;
  for (int i = 0; i < VL; i++) order[i] = i | (i + VL) << 16;
  return (vf)_mm512_permutexvar_epi16((__m512i)order, (__m512i)halves);
}
#endif

/* One element or one vector of stored activations, as float. */
#ifdef MINILLM_BF16
static inline float act_load(const act *p) { return float_of_bf16(*p); }
static inline void act_store(act *p, float f) { *p = bf16_of_float(f); }
static inline vf vload_act(const act *p) { return vload_bf16(p); }
static inline void vstore_act(act *p, vf v) { vstore_bf16(p, v); }
#else
static inline float act_load(const act *p) { return *p; }
static inline void act_store(act *p, float f) { *p = f; }
static inline vf vload_act(const act *p) { return vload(p); }
static inline void vstore_act(act *p, vf v) { vstore(p, v); }
#endif

static inline float vsum(vf v) {
  float s[VL];
  memcpy(s, &v, sizeof v);
  for (int width = VL / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) s[i] += s[i + width];
  return s[0];
}
#if defined(__AVX2__) && !defined(__AVX512F__)
static inline vf vselect(vi mask, vf a, vf b) { return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask); }
#else
static inline vf vselect(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
#endif

/* a > b ? a : b and a < b ? a : b: the second operand where one is NaN. */
#if defined(__AVX512F__)
static inline vf vmax(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
static inline vf vmin(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
#elif defined(__AVX2__)
static inline vf vmax(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
static inline vf vmin(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
#else
static inline vf vmax(vf a, vf b) { return vselect(a > b, a, b); }
static inline vf vmin(vf a, vf b) { return vselect(a < b, a, b); }
#endif

static inline float vmaximum(vf v) {
  float m = v[0];
  for (int i = 1; i < VL; i++) m = v[i] > m ? v[i] : m;
  return m;
}

/** c[0] + c[1]·x + … + c[5]·x⁵ by Estrin's scheme, whose chain of dependent operations is half as long as Horner's. */
static inline vf vpolynomial(vf x, vf square, const float c[6]) {
  vf low = c[1] * x + c[0], middle = c[3] * x + c[2], high = c[5] * x + c[4];
  return (high * square + middle) * square + low;
}

/**
 * e^x: 2^n times a polynomial of the remainder, of degree 7; relative error below 2e-7. 0 below -87.3; e^60 above 60, so that
 * no reciprocal of it is denormal, and slow.
 */
static inline vf vexp(vf x) {
  static const float c[6] = {5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f,
                             8.3334519073e-3f, 1.3981999507e-3f, 1.9875691500e-4f};
  vf clamped = vmin(vsplat(60.0f), vmax(vsplat(-87.3f), x)); /* NaN stays NaN */
  /* round to nearest by adding and subtracting 1.5 * 2^23, whose low bits then hold n */
  vf shifted = clamped * 1.44269504088896341f + 12582912.0f;
  vf n = shifted - 12582912.0f;
  vf r = clamped - n * 0.693359375f + n * 2.12194440e-4f;
  vf square = r * r;
  vf e = vpolynomial(r, square, c) * square + (r + 1.0f);
  vf power = (vf)(((vi)shifted << 23) + 0x3f800000);
  return (vf)((vi)(e * power) & ~(x < -87.3f));
}

/*
 * GELU in its tanh form (Hendrycks & Gimpel 2016), as GPT-2 uses it, and its derivative, with 1 + tanh u = 2 / (1 + e^-2u):
 * gelu(x) = x·s(x), gelu'(x) = s + x·s·(1 - s)·t'(x), where s = 1 / (1 + e^-t) and t = 2·sqrt(2/pi)·(x + 0.044715 x³).
 */
#define GELU_SCALE 1.5957691216057308f
#define GELU_CUBIC 0.044715f
static inline vf gelu_share(vf x, vf square) {
  return 1.0f / (1.0f + vexp(-GELU_SCALE * x * (1.0f + GELU_CUBIC * square)));
}
static inline vf vgelu(vf x) { return x * gelu_share(x, x * x); }
static inline vf vgelu_derivative(vf x) {
  vf square = x * x, share = gelu_share(x, square);
  return share + x * share * (1.0f - share) * GELU_SCALE * (1.0f + 3.0f * GELU_CUBIC * square);
}

#endif
