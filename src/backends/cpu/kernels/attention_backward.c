/**
 * Gradient of causal attention (FlashAttention-2, Dao 2023): the weights p are recomputed, block by block, from q, k and
 * lse; with delta = rowsum(dout ⊙ out) and ds = p ⊙ (dout·vᵀ - delta)/√D: dv = pᵀ·dout, dk = dsᵀ·q, dq = ds·k.
 *
 * One thread does one head of one batch row: for each block of keys, all blocks of queries from the diagonal on. dk and
 * dv of the block stay in private scratch. The fp32 sums of dq of a whole head would not fit there, so between blocks
 * they are parked in dqkv itself: in the head's own dq elements, or for bf16, which are half as large, in the dk and dv
 * elements of the same row. Those are written only after the row's dq is complete, as causal attention gives row i
 * nothing from keys after i.
 */
#include "attention.h"

ARGUMENTS(attention_backward, {
  const act *output_gradient; /* [N, C] */
  const act *qkv;             /* [N, 3C] */
  const act *out;             /* [N, C] */
  const float *log_sum_exp;   /* [B, H, T] */
  act *qkv_gradient;          /* [N, 3C], not overlapping qkv */
  int64_t heads;              /* H */
  int64_t head_size;          /* D */
});

#define BLOCK 128 /* rows of queries and of keys */

typedef struct {
  const act *dout, *qkv, *out;
  const float *lse;
  act *dqkv;
  int64_t C, T, D, width;
} head;

typedef struct {
  float *k_pairs, *k_transposed, *v_transposed; /* panels of the block of keys */
  float *dk, *dv;                               /* [BLOCK][width] */
  float *q, *dout, *q_pairs, *dout_pairs;       /* panels of the block of queries, by rows and by pairs of rows */
  float *dq;                                    /* [BLOCK][width] */
  float *scores, *dweights;                     /* [STRIP][BLOCK] of a strip of queries */
  float *dscores;                               /* panel of the strip's dscores by rows */
  float *weight_pairs, *dscore_pairs;           /* panels [BLOCK / PAIR][BLOCK], queries by pairs */
  float *delta;                                 /* [T padded to whole blocks] */
} panels;

static float *take(float **scratch, int64_t count) {
  float *taken = *scratch;
  *scratch += count;
  return taken;
}

static panels lay_out(float *scratch, const head *h) {
  const int64_t rows = BLOCK * h->width, strip = STRIP * BLOCK, square = BLOCK * BLOCK;
  panels p = {
      .k_pairs = take(&scratch, rows), .k_transposed = take(&scratch, rows), .v_transposed = take(&scratch, rows),
      .dk = take(&scratch, rows), .dv = take(&scratch, rows), .q = take(&scratch, rows), .dout = take(&scratch, rows),
      .dq = take(&scratch, rows), .scores = take(&scratch, strip), .dweights = take(&scratch, strip),
      .weight_pairs = take(&scratch, square), .dscore_pairs = take(&scratch, square),
  };
  p.q_pairs = PAIR == 1 ? p.q : take(&scratch, rows);
  p.dout_pairs = PAIR == 1 ? p.dout : take(&scratch, rows);
  p.dscores = take(&scratch, strip);
  p.delta = scratch;
  return p;
}

static float row_product(const act *a, const act *b, int64_t D) {
  vf sum = vsplat(0);
  int64_t d = 0;
  for (; d + VL <= D; d += VL) sum += vload_act(a + d) * vload_act(b + d);
  if (d < D) sum += vload_act_first(a + d, D - d) * vload_act_first(b + d, D - d);
  return vsum(sum);
}

static void store_rows(act *to, int64_t stride, const float *panel, int64_t rows, int64_t D) {
  for (int64_t row = 0; row < rows; row++, to += stride, panel += whole_vectors(D)) {
    int64_t d = 0;
    for (; d + VL <= D; d += VL) vstore_act(to + d, vload(panel + d));
    if (d < D) vstore_act_first(to + d, vload(panel + d), D - d);
  }
}

/* Where row i's sums of dq wait between blocks of keys: two halves of D/2 floats. */
static void parking(const head *h, int64_t row, void *half[2]) {
  act *dq = h->dqkv + row * 3 * h->C;
#ifdef MINILLM_BF16
  half[0] = dq + h->C;
  half[1] = dq + 2 * h->C;
#else
  half[0] = dq;
  half[1] = dq + h->D / 2;
#endif
}

static void park(const head *h, int64_t first, int64_t rows, const float *dq) {
  void *half[2];
  for (int64_t row = 0; row < rows; row++, dq += h->width) {
    parking(h, first + row, half);
    copy_cells(half[0], dq, h->D / 2);
    copy_cells(half[1], dq + h->D / 2, h->D / 2);
  }
}

static void unpark(const head *h, int64_t first, int64_t rows, float *dq) {
  void *half[2];
  for (int64_t row = 0; row < rows; row++, dq += h->width) {
    parking(h, first + row, half);
    copy_cells(dq, half[0], h->D / 2);
    copy_cells(dq + h->D / 2, half[1], h->D / 2);
  }
}

/*
 * Weights and score gradients of the queries strip .. strip + STRIP - 1 from the strip's scores and weight gradients.
 * Query i of the strip sees the keys 0 .. limit + i of the block; the first `columns` keys are wanted.
 */
static void weights_of_strip(const panels *p, int64_t strip, int64_t columns, int64_t limit, const float *lse,
                             const float *delta, float scale) {
  vi lane;
  for (int i = 0; i < VL; i++) lane[i] = i;
  for (int64_t r = 0; r < STRIP; r += PAIR)
    for (int64_t key = 0; key < columns; key += VL) {
      vf weight[PAIR], dscore[PAIR];
      for (int i = 0; i < PAIR; i++) {
        const int64_t at = (r + i) * BLOCK + key;
        const vi seen = lane <= (int32_t)(limit + r + i - key);
        const vf score = vload(p->scores + at) * (scale * LOG2_E) - lse[r + i] * LOG2_E;
        weight[i] = vselect(seen, exp2_of_negative(score), vsplat(0));
        dscore[i] = weight[i] * ((vload(p->dweights + at) - delta[r + i]) * scale);
      }
      const int64_t at = (strip + r) / PAIR * BLOCK + key;
#if PAIR == 2
      vstore(p->weight_pairs + at, pair_up(weight[0], weight[1]));
      vstore(p->dscore_pairs + at, pair_up(dscore[0], dscore[1]));
      for (int i = 0; i < PAIR; i++) vstore_act((act *)(p->dscores + (r + i) * BLOCK / 2) + key, dscore[i]);
#else
      vstore(p->weight_pairs + at, weight[0]);
      vstore(p->dscore_pairs + at, dscore[0]);
      vstore(p->dscores + r * BLOCK + key, dscore[0]);
#endif
    }
}

/* Adds what the queries first .. and the packed block of keys at `key` give each other to dq, dk and dv. */
static void block_backward(const head *h, const panels *p, int64_t key, int64_t first) {
  const int64_t D = h->D, C = h->C, width = h->width, rows = min64(BLOCK, h->T - first);
  const int64_t padded = (rows + STRIP - 1) / STRIP * STRIP, below = first - key; /* 0 on the diagonal */
  const int64_t cells = row_cells(D);
  const act *q = h->qkv + first * 3 * C, *dout = h->dout + first * C;
  const float scale = 1 / sqrtf((float)D);
  float lse[BLOCK] = {0};
  memcpy(lse, h->lse + first, (size_t)rows * sizeof *lse);
  pack_rows(p->q, q, 3 * C, rows, padded, D);
  pack_rows(p->dout, dout, C, rows, padded, D);
#if PAIR == 2
  pack_row_pairs(p->q_pairs, q, 3 * C, rows, padded, D);
  pack_row_pairs(p->dout_pairs, dout, C, rows, padded, D);
#endif
  if (key > 0) unpark(h, first, rows, p->dq);
  else memset(p->dq, 0, (size_t)(BLOCK * width) * sizeof *p->dq);
  for (int64_t strip = 0; strip < padded; strip += STRIP) {
    const int64_t seen = min64(BLOCK, below + strip + STRIP), columns = whole_vectors(seen);
    const operand q_rows = {p->q + strip * cells, cells, 1}, dout_rows = {p->dout + strip * cells, cells, 1};
    product(OVERWRITE, q_rows, p->k_transposed, BLOCK, D / PAIR, p->scores, BLOCK, columns, NULL);
    product(OVERWRITE, dout_rows, p->v_transposed, BLOCK, D / PAIR, p->dweights, BLOCK, columns, NULL);
    weights_of_strip(p, strip, columns, below + strip, lse + strip, p->delta + first + strip, scale);
    const operand dscores = {p->dscores, BLOCK / PAIR, 1};
    product(ADD, dscores, p->k_pairs, width, seen / PAIR, p->dq + strip * width, width, width, NULL);
  }
  for (int64_t strip = 0; strip < BLOCK; strip += STRIP) {
    /* from the first query that sees one of these keys */
    const int64_t from = max64(0, strip - below) / PAIR, depth = padded / PAIR - from;
    if (depth <= 0) break;
    const operand weights = {p->weight_pairs + from * BLOCK + strip, 1, BLOCK};
    const operand dscores = {p->dscore_pairs + from * BLOCK + strip, 1, BLOCK};
    product(ADD, weights, p->dout_pairs + from * width, width, depth, p->dv + strip * width, width, width, NULL);
    product(ADD, dscores, p->q_pairs + from * width, width, depth, p->dk + strip * width, width, width, NULL);
  }
  if (below == 0) store_rows(h->dqkv + first * 3 * C, 3 * C, p->dq, rows, D);
  else park(h, first, rows, p->dq);
}

static void head_backward(const head *h, float *scratch) {
  const panels p = lay_out(scratch, h);
  const int64_t C = h->C, D = h->D;
  memset(p.delta, 0, (size_t)((h->T + BLOCK - 1) / BLOCK * BLOCK) * sizeof *p.delta);
  for (int64_t row = 0; row < h->T; row++) p.delta[row] = row_product(h->dout + row * C, h->out + row * C, D);
  for (int64_t key = 0; key < h->T; key += BLOCK) {
    const int64_t keys = min64(BLOCK, h->T - key);
    const act *k = h->qkv + key * 3 * C + C;
    pack_row_pairs(p.k_pairs, k, 3 * C, keys, BLOCK, D);
    pack_transposed(p.k_transposed, BLOCK, k, 3 * C, keys, D);
    pack_transposed(p.v_transposed, BLOCK, k + C, 3 * C, keys, D);
    memset(p.dk, 0, (size_t)(BLOCK * h->width) * sizeof *p.dk);
    memset(p.dv, 0, (size_t)(BLOCK * h->width) * sizeof *p.dv);
    for (int64_t first = key; first < h->T; first += BLOCK) block_backward(h, &p, key, first);
    act *dk = h->dqkv + key * 3 * C + C;
    store_rows(dk, 3 * C, p.dk, keys, D);
    store_rows(dk + C, 3 * C, p.dv, keys, D);
  }
}

void attention_backward(const attention_backward_arguments *args, const extents *active, team *team) {
  const act *dout = args->output_gradient, *qkv = args->qkv, *out = args->out;
  const float *lse = args->log_sum_exp;
  act *dqkv = args->qkv_gradient;
  const int64_t H = args->heads, D = args->head_size, C = H * D, T = active->length;
  for (int64_t item; (item = team_claim(team, 0)) < active->batch * H;) {
    const int64_t b = item / H, at = item % H * D, wide = b * T * 3 * C + at, narrow = b * T * C + at;
    const head h = {dout + narrow, qkv + wide, out + narrow, lse + item * T, dqkv + wide, C, T, D, whole_vectors(D)};
    head_backward(&h, team->scratch);
  }
}
