/**
 * One head of one sequence in the backward pass. The weights p are recomputed, block by block, from q, k and log_sum_exp; with
 * delta = rowsum(dout ⊙ out) and ds = p ⊙ (dout·vᵀ − delta): dv = pᵀ·dout, dk = dsᵀ·q/√D, dq = ds·k/√D.
 *
 * Two kernels without atomics: a block of queries sums its dq over the keys that it sees, and leaves its delta for the
 * second, in which a block of keys sums its dk and dv over the queries that see it.
 */
#pragma once
#include "attention.h"

typedef struct {
  /** Row i of q, k and v lies `wide`·i, of out and its gradient `narrow`·i elements further. */
  const act *q, *k, *v, *out, *out_gradient;
  act *q_gradient, *k_gradient, *v_gradient;
  const float *log_sum_exp;
  float *delta;
  int wide, narrow, head_size, rows;
} backward_head;

/** rowsum(dout ⊙ out) of a row. */
static __device__ __forceinline__ float delta_of(const backward_head &head, int row) {
  const act *a = head.out + (int64_t)row * head.narrow, *b = head.out_gradient + (int64_t)row * head.narrow;
  float sum = 0;
  for (int d = 0; d < head.head_size; d += 16 / sizeof(act)) {
    const uint4 left = *(const uint4 *)(a + d), right = *(const uint4 *)(b + d);
#pragma unroll
    for (int i = 0; i < 16 / sizeof(act); i++) sum += to_float(((const act *)&left)[i]) * to_float(((const act *)&right)[i]);
  }
  return sum;
}
