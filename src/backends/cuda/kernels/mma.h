/**
 * Matrix instructions in PTX, and the asynchronous copies that feed them. They stand nowhere else.
 *
 * A product's operands lie across a warp, two neighbouring bf16 in a register. With g = lane / 4 and t = lane % 4, a
 * lane holds of the 16×8 result (fp32) row g, columns 2t and 2t+1, then the same columns of row g+8. Two results side
 * by side, rounded and paired, are the left operand of a following product over their columns.
 */
#pragma once
#include "block.h"
#include "vectors.h"

static __device__ __forceinline__ int lane_id(void) { return threadIdx.x % WARP; }

static __device__ __forceinline__ uint32_t shared_address(const void *pointer) {
  return (uint32_t)__cvta_generic_to_shared(pointer);
}

/** Begins to copy 16 bytes to shared memory, or fills them with zeros and reads nothing. */
static __device__ __forceinline__ void copy_chunk(uint32_t to, const void *from, bool exists) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(__cvta_generic_to_global(from)),
               "r"(exists ? 16 : 0)
               : "memory");
}

/** The same for 4 bytes. */
static __device__ __forceinline__ void copy_word(uint32_t to, const float *from, bool exists) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(__cvta_generic_to_global(from)),
               "r"(exists ? 4 : 0)
               : "memory");
}

/** Ends a group of copies. */
static __device__ __forceinline__ void commit_copies(void) { asm volatile("cp.async.commit_group;" ::: "memory"); }

/** Waits for this thread's copies, all but the last PENDING groups. */
template <int PENDING> static __device__ __forceinline__ void wait_for_copies(void) {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/** Loads four 8×8 matrices; a lane gives the address of one row. */
static __device__ __forceinline__ void load_matrices(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

static __device__ __forceinline__ void load_matrices_transposed(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

/** sum += left · right, 16×16 by 16×8. */
static __device__ __forceinline__ void multiply_add(float (&sum)[4], const uint32_t (&left)[4], uint32_t right0,
                                                    uint32_t right1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
}

/** Two results side by side as the left operand of a following product. */
static __device__ __forceinline__ void as_left_operand(uint32_t (&left)[4], const float (&a)[4], const float (&b)[4]) {
  left[0] = bf16_pair(a[0], a[1]);
  left[1] = bf16_pair(a[2], a[3]);
  left[2] = bf16_pair(b[0], b[1]);
  left[3] = bf16_pair(b[2], b[3]);
}

/** The sum over the four lanes that hold a row of a result. */
static __device__ __forceinline__ float row_sum(float x) {
  x += __shfl_xor_sync(FULL_WARP, x, 1);
  return x + __shfl_xor_sync(FULL_WARP, x, 2);
}

static __device__ __forceinline__ float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, 1));
  return fmaxf(x, __shfl_xor_sync(FULL_WARP, x, 2));
}
