/**
 * The forward pass on tensor cores. A warp owns 16·ROW_TILES queries and holds them, their output and the scores of a
 * block of keys in registers; the four warps share keys and values, of which the next block is copied while one is
 * used.
 *
 * The softmax of a row is taken relative to its maximum as it was when scores last exceeded it by a factor of
 * 2^SLACK: what has been summed is then rarely multiplied again. Two scores at the maximum would have weights of
 * exactly 1, and their rounding to bf16 a bias that makes training diverge (arXiv 2510.04212); then it is taken
 * relative not to the maximum m but to m + |m| (modulo 64, so that nothing vanishes): the same function, other
 * roundings.
 */
#pragma once
#include "attention.h"
#include "bf16_tiles.h"

/** Query rows of a block: with more, the registers would not hold wide heads. */
#define ROWS_FOR(width) ((width) <= 64 ? 128 : 64)
#define KEYS 64 /* of a block */
#define SLACK 8
#define NEAR (1e-3f * LOG2_E) /* a factor of 1.001 */

/** A lane's share of the online softmax of a tile of 16 rows: rows g and g + 8. */
typedef struct {
  float reference[2]; /* what scores are taken relative to */
  float total[2];     /* of the lane's own weights so far */
} softmax_rows;

/**
 * Moves the references of rows whose `highest` score is too large for them, and brings all that was summed relative
 * to them up to date.
 */
template <int WIDTH>
static __device__ __forceinline__ void move_references(const float (&scores)[KEYS / 8][4], const float (&highest)[2],
                                                       softmax_rows &rows, float (&out)[WIDTH / 8][4], float scale) {
  float correction[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float near = 0;
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
      for (int i = 2 * half; i < 2 * half + 2; i++) near += scores[n][i] > highest[half] - NEAR / scale;
    const float maximum = highest[half] * scale, before = rows.reference[half];
    const float size = row_sum(near) > 1 ? fabsf(maximum) : 0;
    if (maximum > before + SLACK) rows.reference[half] = maximum + (size - 64 * floorf(size / 64));
    correction[half] = exp2_of(before - rows.reference[half]);
    rows.total[half] *= correction[half];
  }
#pragma unroll
  for (int n = 0; n < WIDTH / 8; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) out[n][i] *= correction[i / 2];
}

/** Turns the scores of a block of keys into weights 2^(score·scale − reference), and adds them to the totals. */
template <int WIDTH>
static __device__ __forceinline__ void make_weights(float (&scores)[KEYS / 8][4], softmax_rows &rows,
                                                    float (&out)[WIDTH / 8][4], float scale) {
  float highest[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float most = fmaxf(scores[0][2 * half], scores[0][2 * half + 1]);
#pragma unroll
    for (int n = 1; n < KEYS / 8; n++) most = fmaxf(most, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
    highest[half] = row_max(most);
  }
  const auto is_beyond = [&](int half) { return highest[half] * scale > rows.reference[half] + SLACK; };
  if (__any_sync(FULL_WARP, is_beyond(0) || is_beyond(1)))
    move_references<WIDTH>(scores, highest, rows, out, scale);
#pragma unroll
  for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) {
      scores[n][i] = exp2_of(fmaf(scores[n][i], scale, -rows.reference[i / 2]));
      rows.total[i / 2] += scores[n][i];
    }
}

template <int WIDTH, int ROWS>
static __device__ __forceinline__ void attend_block(const attention_head &head, int first) {
  constexpr int ROW_TILES = ROWS / BLOCK_WARPS / 16, KEY_BYTES = KEYS * WIDTH * 2, QUERY_BYTES = ROWS * WIDTH * 2;
  extern __shared__ __align__(16) uint8_t shared[];
  const uint32_t query_tile = shared_address(shared), key_tiles = query_tile + QUERY_BYTES;
  const uint32_t value_tiles = key_tiles + 2 * KEY_BYTES;
  const int own = threadIdx.x / WARP * ROW_TILES * 16, group = lane_of_thread() / 4, pair = lane_of_thread() % 4;
  const int all = head.start + min(first + ROWS, head.rows);
  const int position = head.start + first + own; /* of the warp's first query */
  const float scale = score_scale(head.head_size);

  const auto copy_keys = [&](int key, int stage) {
    const int64_t from = (int64_t)key * head.key_stride, gap = (int64_t)head.gap * head.key_stride;
    copy_rows<WIDTH, KEYS>(key_tiles + stage * KEY_BYTES, head.k + from, head.key_stride, all - key, head.head_size,
                           head.start - key, gap);
    copy_rows<WIDTH, KEYS>(value_tiles + stage * KEY_BYTES, head.v + from, head.key_stride, all - key, head.head_size,
                           head.start - key, gap);
    commit_copies();
  };
  copy_rows<WIDTH, ROWS>(query_tile, head.q + (int64_t)first * head.query_stride, head.query_stride, head.rows - first,
                         head.head_size);
  copy_keys(0, 0);

  float out[ROW_TILES][WIDTH / 8][4] = {};
  softmax_rows rows[ROW_TILES];
#pragma unroll
  for (int m = 0; m < ROW_TILES; m++) rows[m] = {{MINUS_INFINITY, MINUS_INFINITY}, {0, 0}};
  uint32_t queries[ROW_TILES][WIDTH / 16][4];

  for (int key = 0, stage = 0; key < all; key += KEYS, stage ^= 1) {
    wait_for_copies<0>();
    __syncthreads();
    if (key == 0) load_left<WIDTH>(queries, query_tile + own * WIDTH * 2);
    if (key + KEYS < all) copy_keys(key + KEYS, stage ^ 1);
    /* a warp without queries, or whose queries see none of these keys */
    if (first + own >= head.rows || key > position + 16 * ROW_TILES - 1) continue;

    float scores[ROW_TILES][KEYS / 8][4] = {};
    multiply_rows<WIDTH>(scores, queries, key_tiles + stage * KEY_BYTES, 0);
#pragma unroll
    for (int m = 0; m < ROW_TILES; m++) {
      const int limit = position + 16 * m - key;
      if (limit < KEYS - 1) hide_beyond(scores[m], limit);
      make_weights<WIDTH>(scores[m], rows[m], out[m], scale);
    }
    add_weighted_rows<WIDTH>(out, scores, value_tiles + stage * KEY_BYTES, 0);
  }

  /* The warp's rows go out through its own rows of the query tile. */
  uint8_t *tile = shared + own * WIDTH * 2;
  const int left = head.rows - first - own;
  __syncwarp();
#pragma unroll
  for (int m = 0; m < ROW_TILES; m++) {
    const float total[2] = {row_sum(rows[m].total[0]), row_sum(rows[m].total[1])};
    put_results<WIDTH>(tile + 16 * m * WIDTH * 2, out[m], {1 / total[0], 1 / total[1]});
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int row = 16 * m + 8 * half + group;
      if (head.log_sum_exp && pair == 0 && row < left)
        head.log_sum_exp[first + own + row] = LN_2 * (rows[m].reference[half] + log2f(total[half]));
    }
  }
  __syncwarp();
  store_rows<WIDTH, ROW_TILES * 16>(head.out + (int64_t)(first + own) * head.out_stride, head.out_stride, tile, left,
                                    head.head_size);
}
