/**
 * Tiled causal attention of one block of queries, with an online softmax (Milakov & Gimelshein 2018; Dao 2023): the
 * scores of a block of keys are made, turned into weights and used while they are in cache; the T×T matrix never exists.
 *
 * Scores are kept transposed, [key][query], with vectors running over queries: maximum and sum over keys are then
 * plain vector operations, and only the queries have to be transposed, once.
 */
#ifndef MINILLM_ATTENTION_FORWARD_H
#define MINILLM_ATTENTION_FORWARD_H

#include "attention.h"

#define QUERIES 128
#define KEYS 128
/* Queries that are masked as one, so that both a vector and a strip of them can be read whole. */
#define GROUP (VL > STRIP ? VL : STRIP)

/** One head of one sequence: query row i attends to key rows 0 .. start + i; rows from `start` on lie `gap` rows further. */
typedef struct {
  const act *q, *k, *v;
  int64_t q_stride, key_stride;
  int64_t start, gap, D;
  act *out;
  int64_t out_stride;
  float *lse; /* one per query row, or null */
} attention_head;

typedef struct {
  float *q, *k, *v; /* panels: q transposed, k by rows, v by pairs of rows */
  float *scores;    /* [KEYS][QUERIES], then as a panel the softmax weights, paired along the keys */
  float *out;       /* [QUERIES][whole_vectors(D)] */
  float maximum[QUERIES], total[QUERIES], correction[QUERIES];
} attention_block;

/*
 * Turns VL queries' scores of `keys` keys into softmax weights 2^(score·scale - maximum), and brings maximum, total and
 * correction (the factor of everything summed before) up to date. Lane i sees the keys 0 .. limit + i of the block.
 */
static inline void softmax_column(attention_block *block, int64_t column, int64_t keys, int64_t limit, float scale) {
  float *scores = block->scores + column;
  const int64_t all = max64(0, min64(keys, limit + 1)), some = max64(0, min64(keys, limit + GROUP));
  vi lane;
  for (int i = 0; i < VL; i++) lane[i] = i;
  for (int64_t key = all; key < some; key++) {
    float *at = scores + key * QUERIES;
    vstore(at, vselect(lane >= (int32_t)(key - limit), vload(at), vsplat(-INFINITY)));
  }
  const vf before = vload(block->maximum + column);
  vf highest[4] = {before, before, before, before};
  int64_t key = 0;
  for (; key + 4 <= some; key += 4)
    for (int i = 0; i < 4; i++) highest[i] = vmax(highest[i], vload(scores + (key + i) * QUERIES) * scale);
  for (; key < some; key++) highest[0] = vmax(highest[0], vload(scores + key * QUERIES) * scale);
  const vf maximum = vmax(vmax(highest[0], highest[1]), vmax(highest[2], highest[3]));
  const vf correction = exp2_of_negative(before - maximum);
  vf total = vload(block->total + column) * correction;
  for (key = 0; key < some; key += PAIR) {
    const vf weight = exp2_of_negative(vload(scores + key * QUERIES) * scale - maximum);
    total += weight;
#if PAIR == 2
    vf next = vsplat(0);
    if (key + 1 < some) next = exp2_of_negative(vload(scores + (key + 1) * QUERIES) * scale - maximum);
    total += next;
    vstore(scores + key / 2 * QUERIES, pair_up(weight, next));
#else
    vstore(scores + key * QUERIES, weight);
#endif
  }
  vstore(block->maximum + column, maximum);
  vstore(block->correction + column, correction);
  vstore(block->total + column, total);
}

/** Where key row `row` of a head begins, from the first. */
static inline int64_t key_offset(const attention_head *head, int64_t row) {
  return (row + (row >= head->start ? head->gap : 0)) * head->key_stride;
}

/** Key rows first .. first + rows - 1 that lie before the gap. */
static inline int64_t rows_before_gap(const attention_head *head, int64_t first, int64_t rows) {
  return head->gap == 0 ? rows : max64(0, min64(rows, head->start - first));
}

/** Packs key rows first .. first + rows - 1 by rows, up to `padded` of them with zeros. */
static inline void pack_keys(float *panel, const attention_head *head, int64_t first, int64_t rows, int64_t padded) {
  const int64_t before = rows_before_gap(head, first, rows), stride = head->key_stride, D = head->D;
  if (before == rows) {
    pack_rows(panel, head->k + key_offset(head, first), stride, rows, padded, D);
    return;
  }
  pack_rows(panel, head->k + first * stride, stride, before, before, D);
  pack_rows(panel + before * row_cells(D), head->k + key_offset(head, first + before), stride, rows - before,
            padded - before, D);
}

/** Packs their values by pairs of rows; of one pair the second row may lie after the gap. */
static inline void pack_values(float *panel, const attention_head *head, int64_t first, int64_t rows) {
  const int64_t before = rows_before_gap(head, first, rows), stride = head->key_stride, D = head->D;
  if (before == rows) {
    pack_row_pairs(panel, head->v + key_offset(head, first), stride, rows, rows, D);
    return;
  }
  const int64_t width = whole_vectors(D);
  int64_t packed = before / PAIR * PAIR;
  pack_row_pairs(panel, head->v + first * stride, stride, packed, packed, D);
  if (packed < before) {
    pack_row_pairs(panel + packed / PAIR * width, head->v + (first + packed) * stride, (head->gap + 1) * stride, PAIR,
                   PAIR, D);
    packed += PAIR;
  }
  pack_row_pairs(panel + packed / PAIR * width, head->v + key_offset(head, first + packed), stride, rows - packed,
                 rows - packed, D);
}

/*
 * Prefetches rows of keys and values that are needed soon. Rows of qkv lie pages apart, where the processor does not
 * fetch ahead by itself; prefetching made T = 1024 6 % (fp32) and 20 % (bf16) faster.
 */
static inline void prefetch_keys(const attention_head *head, int64_t first, int64_t end) {
  for (int64_t row = first; row < end; row++)
    for (int64_t d = 0; d < head->D; d += 64 / (int64_t)sizeof(act)) {
      __builtin_prefetch(head->k + key_offset(head, row) + d, 0, 2);
      __builtin_prefetch(head->v + key_offset(head, row) + d, 0, 2);
    }
}

/** Attends query rows first .. first + rows - 1 (at most QUERIES) of a head. */
static inline void attend_block(const attention_head *head, int64_t first, int64_t rows, float *scratch) {
  const int64_t D = head->D, width = whole_vectors(D), columns = (rows + GROUP - 1) / GROUP * GROUP;
  const int64_t position = head->start + first;
  const int64_t all_keys = position + rows;
  const float scale = LOG2_E / sqrtf((float)D);
  attention_block block;
  block.q = scratch;
  block.k = block.q + D / PAIR * QUERIES;
  block.v = block.k + KEYS * row_cells(D);
  block.scores = block.v + KEYS / PAIR * width;
  block.out = block.scores + KEYS * QUERIES;
  prefetch_keys(head, 0, min64(KEYS, all_keys));
  pack_transposed(block.q, QUERIES, head->q + first * head->q_stride, head->q_stride, rows, D);
  memset(block.out, 0, (size_t)(columns * width) * sizeof *block.out);
  for (int i = 0; i < QUERIES; i++) block.maximum[i] = -INFINITY, block.total[i] = 0;
  for (int64_t key = 0; key < all_keys; key += KEYS) {
    const int64_t keys = min64(KEYS, all_keys - key), padded = (keys + STRIP - 1) / STRIP * STRIP;
    pack_keys(block.k, head, key, keys, padded);
    pack_values(block.v, head, key, keys);
    for (int64_t strip = 0; strip < padded; strip += STRIP) {
      prefetch_keys(head, key + KEYS + strip, min64(key + KEYS + strip + STRIP, all_keys));
      /* from the first query that sees one of these keys */
      const int64_t column = max64(0, key + strip - position) / VL * VL;
      const operand k = {block.k + strip * row_cells(D), row_cells(D), 1};
      if (column < columns)
        product(OVERWRITE, k, block.q + column, QUERIES, D / PAIR, block.scores + strip * QUERIES + column, QUERIES,
                columns - column, NULL);
    }
    for (int64_t column = 0; column < columns; column += VL)
      softmax_column(&block, column, keys, position + column - key, scale);
    for (int64_t query = 0; query < rows; query += STRIP) {
      const int64_t depth = max64(0, min64(keys, position + query + STRIP - key));
      const operand weights = {block.scores + query, 1, QUERIES};
      product(RESCALE, weights, block.v, width, (depth + PAIR - 1) / PAIR, block.out + query * width, width, width,
              block.correction + query);
    }
  }
  for (int64_t query = 0; query < rows; query++) {
    const float *from = block.out + query * width, inverse = 1 / block.total[query];
    act *to = head->out + (first + query) * head->out_stride;
    int64_t d = 0;
    for (; d + VL <= D; d += VL) vstore_act(to + d, vload(from + d) * inverse);
    if (d < D) vstore_act_first(to + d, vload(from + d) * inverse, D - d);
    if (head->lse) head->lse[first + query] = block.maximum[query] * LN_2 + logf(block.total[query]);
  }
}

#endif
