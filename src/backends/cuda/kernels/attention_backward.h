/**
 * One head of one sequence in the backward pass. The weights p are recomputed, block by block, from q, k and
 * log_sum_exp; with delta = rowsum(dout ⊙ out) and ds = p ⊙ (dout·vᵀ − delta): dv = pᵀ·dout, dk = dsᵀ·q/√D, dq =
 * ds·k/√D.
 *
 * Two kernels without atomics: a block of queries sums its dq over the keys that it sees, and leaves its delta for
 * the second, in which a block of keys sums its dk and dv over the queries that see it.
 */
#pragma once
#include "attention.h"

typedef struct {
  /** Row i begins wide·i elements further; q lies at 0, k at `channels`, v at 2·channels. */
  const act *qkv;
  act *qkv_gradient;
  /** Row i begins channels·i elements further. */
  const act *out, *out_gradient;
  const float *log_sum_exp;
  float *delta;
  int channels, wide, head_size, rows;
} backward_head;

/** rowsum(dout ⊙ out) of a row. */
static __device__ __forceinline__ float delta_of(const backward_head &head, int row) {
  const act *a = head.out + (int64_t)row * head.channels, *b = head.out_gradient + (int64_t)row * head.channels;
  float sum = 0;
  for (int d = 0; d < head.head_size; d += 16 / sizeof(act)) {
    const uint4 left = *(const uint4 *)(a + d), right = *(const uint4 *)(b + d);
#pragma unroll
    for (int i = 0; i < 16 / sizeof(act); i++)
      sum += to_float(((const act *)&left)[i]) * to_float(((const act *)&right)[i]);
  }
  return sum;
}
