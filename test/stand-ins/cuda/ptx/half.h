/** Numbers of 16 bits: bfloat16 and half. */
#pragma once
#include "operations.h"

static inline float bf16_value(uint16_t bits) { return as_float((uint32_t)bits << 16); }

static inline float f16_value(uint16_t bits) {
  _Float16 h;
  __builtin_memcpy(&h, &bits, 2);
  return (float)h;
}

static inline uint16_t bf16_of_float(float x) {
  uint32_t bits = float_bits(x);
  if (x != x) return 0x7fff;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline uint16_t f16_of_float(float x) {
  if (x != x) return 0x7fff;
  _Float16 h = (_Float16)x;
  uint16_t bits;
  __builtin_memcpy(&bits, &h, 2);
  return bits;
}

/** A double cut to a float whose last bit says that something was cut: it can be rounded once more without harm. */
static inline float odd_float(double x) {
  float f = (float)x;
  if ((double)f == x || x != x) return f;
  uint32_t bits = float_bits(f);
  if (__builtin_fabs((double)f) > __builtin_fabs(x)) bits--;
  return as_float(bits | 1);
}

/** a·b + c, exact or with its last bit set: the product of two numbers of 16 bits is exact in double. */
static inline double odd_fma(double a, double b, double c) {
  double product = a * b, sum = product + c, part = sum - product;
  double error = (product - (sum - part)) + (c - part);
  if (error == 0 || error != error || __builtin_isinf(sum)) return sum;
  uint64_t bits;
  __builtin_memcpy(&bits, &sum, 8);
  if (bits & 1) return sum;
  bits += (error > 0) == (sum > 0) ? 1 : (uint64_t)-1;
  __builtin_memcpy(&sum, &bits, 8);
  return sum;
}

static inline uint16_t bf16_of(double x) { return bf16_of_float(odd_float(x)); }
static inline uint16_t f16_of(double x) { return f16_of_float(odd_float(x)); }
