/** The steps of sampling a token from a row of logits. */
#ifndef MINILLM_SAMPLE_H
#define MINILLM_SAMPLE_H

#include "simd.h"

/* Vectors of doubles, as many bytes as `vf`. */
#define VD (VL / 2)
typedef double vd __attribute__((vector_size(VL * 4)));
typedef int64_t vl __attribute__((vector_size(VL * 4)));
typedef float vf_half __attribute__((vector_size(VL * 2)));

static inline vd vsplat_double(double x) { return x - (vd){0}; }

/**
 * e^x for x <= 0 in double: 2^n times a polynomial of the remainder, of degree 13; relative error below 3e-16. 0 below -708.
 */
static inline vd vexp_double(vd x) {
  static const double c[14] = {1,         1,          1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
                               1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  const vl in_range = x >= -708.0;
  const vd clamped = (vd)(((vl)x & in_range) | ((vl)vsplat_double(-708.0) & ~in_range));
  /* round to nearest by adding and subtracting 1.5 * 2^52, whose low bits then hold n */
  const vd shifted = clamped * 1.44269504088896340736 + 6755399441055744.0, n = shifted - 6755399441055744.0;
  const vd r = clamped - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10;
  vd e = vsplat_double(c[13]);
  for (int i = 12; i >= 0; i--) e = e * r + c[i];
  const vd power = (vd)(((vl)shifted << 52) + 0x3ff0000000000000);
  return (vd)((vl)(e * power) & in_range);
}

static inline double vsum_double(vd v) {
  double s[VD];
  memcpy(s, &v, sizeof v);
  for (int width = VD / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) s[i] += s[i + width];
  return s[0];
}

/** The sum of e^((values[i] - greatest) / temperature); these weights too, unless `weights` is null. */
static double weigh(const float *values, int64_t count, float greatest, double temperature, double *weights) {
  vd sum = {0};
  for (int64_t i = 0; i < count; i += VD) {
    vf_half some;
    if (i + VD <= count) memcpy(&some, values + i, sizeof some);
    else
      for (int lane = 0; lane < VD; lane++) some[lane] = i + lane < count ? values[i + lane] : -INFINITY;
    const vd weight = vexp_double((__builtin_convertvector(some, vd) - (double)greatest) / temperature);
    sum += weight;
    if (weights) memcpy(weights + i, &weight, (size_t)(i + VD <= count ? VD : count - i) * sizeof(double));
  }
  return vsum_double(sum);
}

#define SEARCHED 64 /* logits looked through at a time */

/** The id of the largest logit, the lowest in a tie; of one that is not a number, if there is any. */
static int64_t greatest_of(const float *logits, int64_t count) {
  vf most = vsplat(-INFINITY);
  vi unordered = {0};
  int64_t i = 0;
  for (; i + VL <= count; i += VL) {
    const vf some = vload(logits + i);
    most = vmax(some, most);
    unordered |= some != some;
  }
  float greatest = vmaximum(most);
  int is_unordered = 0;
  for (int lane = 0; lane < VL; lane++) is_unordered |= unordered[lane];
  for (; i < count; i++) {
    is_unordered |= logits[i] != logits[i];
    greatest = logits[i] > greatest ? logits[i] : greatest;
  }
  for (i = 0; i + SEARCHED < count; i += SEARCHED) {
    int is_here = 0;
    for (int at = 0; at < SEARCHED; at++) is_here |= is_unordered ? logits[i + at] != logits[i + at] : logits[i + at] == greatest;
    if (is_here) break;
  }
  for (; i < count - 1; i++)
    if (is_unordered ? logits[i] != logits[i] : logits[i] == greatest) break;
  return i;
}

static void sift_down(float *heap, int64_t size, int64_t root) {
  const float value = heap[root];
  int64_t hole = root;
  for (int64_t child; (child = 2 * hole + 1) < size; hole = child) {
    if (child + 1 < size && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[hole] = heap[child];
  }
  heap[hole] = value;
}

/** The k-th largest of `count` values, 1 <= k <= count, in one pass with a heap of the k largest so far, the smallest on top. */
static float kth_largest(const float *values, int64_t count, int64_t k, float *heap) {
  memcpy(heap, values, (size_t)k * sizeof *heap);
  for (int64_t root = k / 2 - 1; root >= 0; root--) sift_down(heap, k, root);
  for (int64_t i = k; i < count; i++) {
    if (values[i] <= heap[0]) continue;
    heap[0] = values[i];
    sift_down(heap, k, 0);
  }
  return heap[0];
}

#define STRETCH (8 * VD) /* weights that are summed at a time */

static inline double sum_stretch(const double *weights) {
  vd sum = {0};
  for (int i = 0; i < STRETCH; i += VD) {
    vd some;
    memcpy(&some, weights + i, sizeof some);
    sum += some;
  }
  return vsum_double(sum);
}

static double sum_weights(const double *weights, int64_t count) {
  double total = 0;
  int64_t i = 0;
  for (; i + STRETCH <= count; i += STRETCH) total += sum_stretch(weights + i);
  for (; i < count; i++) total += weights[i];
  return total;
}

/*
 * Buckets of weights from 0 to 1: 32 for each power of two down to 2^-63, all smaller ones in the first. A weight's bucket is
 * the upper bits of the number itself.
 */
#define BUCKETS (63 * 32 + 1)
static inline int64_t bucket_of(double weight) {
  int64_t bits;
  memcpy(&bits, &weight, sizeof bits);
  const int64_t bucket = (bits >> 47) - ((1023 - 63) * 32);
  return bucket > 0 ? bucket : 0;
}

/** The smallest of the largest weights that together reach `mass`. */
typedef struct {
  double weight;
  int64_t count; /* weights of that value that this takes */
} threshold;

/** Found by partitioning, as quickselect does, so nothing is sorted. */
static threshold find_threshold(double *weights, int64_t count, double mass) {
  /* undecided are [start, end): those before are among the largest, those after are not */
  for (int64_t start = 0, end = count;;) {
    const double pivot = weights[start + (end - start) / 2];
    int64_t equal = start, less = end;
    double above = 0;
    for (int64_t at = start; at < less;) {
      const double weight = weights[at];
      if (weight > pivot) {
        weights[at++] = weights[equal];
        weights[equal++] = weight;
        above += weight;
      } else if (weight < pivot) {
        weights[at] = weights[--less];
        weights[less] = weight;
      } else at++;
    }
    const double reached = above + (double)(less - equal) * pivot;
    if (above >= mass) end = equal;
    else if (reached >= mass || less == end) return (threshold){pivot, (int64_t)ceil((mass - above) / pivot)};
    else {
      mass -= reached;
      start = less;
    }
  }
}

/**
 * The nucleus (Holtzman et al. 2020): the largest weights, as few as reach `share` of their sum, of equal ones the first; all
 * others become 0. Weights are at most 1. Sums of buckets tell in which one the nucleus ends, and only that one is partitioned.
 */
static void keep_nucleus(double *weights, int64_t count, double share, double *undecided) {
  const double total = sum_weights(weights, count);
  /* weights so small that all of them together cannot be missed */
  const double negligible = (1 - share) * total / (double)(2 * count);
  double sums[BUCKETS] = {0}, mass = share * total;
  for (int64_t i = 0; i < count; i++)
    if (weights[i] >= negligible) sums[bucket_of(weights[i])] += weights[i];
  int64_t last = BUCKETS - 1, held = 0;
  for (; last > 0 && sums[last] < mass; last--) mass -= sums[last];
  for (int64_t i = 0; i < count; i++)
    if (bucket_of(weights[i]) == last && weights[i] >= negligible) undecided[held++] = weights[i];
  if (held == 0) return;
  threshold least = find_threshold(undecided, held, mass);
  for (int64_t i = 0; i < count; i++) {
    if (weights[i] == least.weight && least.count-- <= 0) weights[i] = 0;
    weights[i] = weights[i] >= least.weight ? weights[i] : 0;
  }
}

/** An index drawn with a probability proportional to its weight, in the order of indices. */
static int64_t draw(const double *weights, int64_t count, double uniform) {
  const double target = uniform * sum_weights(weights, count);
  double sum = 0;
  int64_t i = 0;
  for (; i + STRETCH <= count; i += STRETCH) {
    const double next = sum + sum_stretch(weights + i);
    if (next > target) break;
    sum = next;
  }
  for (; i < count; i++) {
    sum += weights[i];
    if (sum > target) return i;
  }
  /* rounding has left the sum short of the target */
  for (i = count - 1; i > 0 && weights[i] == 0; i--) continue;
  return i;
}

#endif
