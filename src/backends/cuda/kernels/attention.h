/**
 * What the attention kernels share: the heads they work on, and numbers of the softmax. Scores are kept in units of
 * log 2.
 */
#pragma once
#include "kernel.h"

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f
#define MINUS_INFINITY __int_as_float((int)0xff800000)

/** 2^x; 0 for −∞. */
static __device__ __forceinline__ float exp2_of(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

/**
 * One head of one sequence: query row i attends to key rows 0 .. start + i; rows from `start` on lie `gap` rows
 * further.
 */
typedef struct {
  const act *q, *k, *v;
  int query_stride, key_stride, head_size;
  /** Query rows. */
  int rows;
  int start, gap;
  act *out;
  int out_stride;
  /** One for each query row, or null. */
  float *log_sum_exp;
} attention_head;

/** What a score is multiplied by to be in units of log 2. */
static __device__ __forceinline__ float score_scale(int head_size) { return LOG2_E * rsqrtf((float)head_size); }

/** Heads whose keys and values stay in second-level cache while all their blocks run. */
#define HEADS_AT_ONCE 32

/** A block of rows of a head. */
typedef struct {
  int head, block;
} work_item;

/**
 * The work of a grid of blocks × heads: some heads at a time, so that what they read again is still in cache, and of
 * those the same block of all, from block 0 on.
 */
static __device__ __forceinline__ work_item work_of(int item, int blocks, int heads) {
  const int first = item / (HEADS_AT_ONCE * blocks) * HEADS_AT_ONCE, some = min(HEADS_AT_ONCE, heads - first);
  const int within = item - first * blocks;
  return {first + within % some, within / some};
}
