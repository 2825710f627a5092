/**
 * Tensor cores in PTX: tiles of bf16 in shared memory, their asynchronous copies, and the product of 16×8×16 that takes its
 * operands from them. The only place with matrix instructions.
 *
 * A product's operands lie across a warp, two neighbouring elements in a register. With g = lane / 4 and t = lane % 4, a lane
 * holds of the 16×8 result (fp32) row g, columns 2t and 2t+1, then the same columns of row g+8. Two results side by side,
 * rounded and paired, are the left operand of a following product over their columns.
 */
#pragma once
#include "kernel.h"

#define BLOCK_WARPS 4
#define BLOCK_THREADS (BLOCK_WARPS * WARP)
#define CHUNK 8 /* elements that are copied as one: 16 bytes */

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

/**
 * Which chunk of a row holds chunk 0, as the two exchange by exclusive or: the eight rows that a matrix is loaded from then lie
 * in different banks. WIDTH is 32, 64 or 128.
 */
template <int WIDTH> static __device__ __forceinline__ int chunk_turn(int row) {
  return WIDTH >= 64 ? row & 7 : row >> 1 & 3;
}

/** Byte offset of a chunk in a tile of rows of WIDTH elements. */
template <int WIDTH> static __device__ __forceinline__ uint32_t chunk_offset(int row, int chunk) {
  return row * WIDTH * 2 + (chunk ^ chunk_turn<WIDTH>(row)) * 16;
}

/**
 * Begins to copy ROWS rows of a tile, shared by the block's threads: `rows` of them and their first `columns` elements exist, the
 * rest is zeros. Rows lie `stride` elements apart, those from row `split` on another `gap` elements further.
 */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void copy_rows(uint32_t tile, const bf16 *from, int stride, int rows, int columns,
                                                 int split = 0, int64_t gap = 0) {
  constexpr int CHUNKS = WIDTH / CHUNK, AT_ONCE = BLOCK_THREADS / CHUNKS; /* a multiple of 8 */
  const int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
  const uint32_t to = tile + chunk_offset<WIDTH>(row, chunk);
  const bf16 *at = from + (int64_t)row * stride + chunk * CHUNK;
  const int end = chunk * CHUNK < columns ? rows : 0;
#pragma unroll
  for (int i = 0; i < ROWS; i += AT_ONCE, at += AT_ONCE * stride)
    copy_chunk(to + i * WIDTH * 2, row + i < split ? at : at + gap, row + i < end);
}

/** A warp writes ROWS rows of a tile to memory, `rows` of them and their first `columns` elements. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void store_rows(bf16 *to, int64_t stride, const uint8_t *tile, int rows, int columns) {
#pragma unroll
  for (int i = lane_id(); i < ROWS * WIDTH / CHUNK; i += WARP) {
    const int row = i / (WIDTH / CHUNK), chunk = i % (WIDTH / CHUNK);
    if (row < rows && chunk * CHUNK < columns)
      *(uint4 *)(to + row * stride + chunk * CHUNK) = *(const uint4 *)(tile + chunk_offset<WIDTH>(row, chunk));
  }
}

/**
 * A lane's addresses for loading 16×16 blocks of a tile as four 8×8 matrices: upper left, lower left, upper right, lower right. The
 * four are a left operand; transposed they are two right operands, 0 with 1 and 2 with 3, whose rows are summed over; as
 * they are, 0 with 2 and 1 with 3, columns are.
 */
template <int WIDTH> struct block_reader {
  uint32_t start, turn;

  __device__ __forceinline__ block_reader(uint32_t tile) {
    const int row = lane_id() % 16;
    start = tile + row * WIDTH * 2;
    turn = (lane_id() / 16 ^ chunk_turn<WIDTH>(row)) * 16;
  }

  /** For the block whose first row is `row`, a multiple of 8, and whose first chunk 2·pair. */
  __device__ __forceinline__ uint32_t at(int row, int pair) const {
    return start + row * WIDTH * 2 + (turn ^ (uint32_t)(32 * pair));
  }
};

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

/** Two bf16 in a register, rounded to the nearest; the first in the lower half. */
static __device__ __forceinline__ uint32_t pair_up(float first, float second) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}

/** Two results side by side as the left operand of a following product. */
static __device__ __forceinline__ void as_left_operand(uint32_t (&left)[4], const float (&a)[4], const float (&b)[4]) {
  left[0] = pair_up(a[0], a[1]);
  left[1] = pair_up(a[2], a[3]);
  left[2] = pair_up(b[0], b[1]);
  left[3] = pair_up(b[2], b[3]);
}

/** Puts 16 rows of results, scaled, into a tile as bf16; `factors` are those of rows g and g + 8. */
template <int WIDTH>
static __device__ __forceinline__ void put_results(uint8_t *tile, const float (&results)[WIDTH / 8][4],
                                                   const float (&factors)[2]) {
#pragma unroll
  for (int half = 0; half < 2; half++)
#pragma unroll
    for (int n = 0; n < WIDTH / 8; n++)
      *(uint32_t *)(tile + chunk_offset<WIDTH>(8 * half + lane_id() / 4, n) + lane_id() % 4 * 4) =
          pair_up(results[n][2 * half] * factors[half], results[n][2 * half + 1] * factors[half]);
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
