/**
 * Causal softmax attention: out = softmax(q·kᵀ/√D)·v for every head, tiled (attention_forward.h).
 *
 * Work is claimed by (batch row, head, block of queries), the longest blocks first, so that threads finish together on a
 * machine that is also doing other things. lse, the logarithm of each softmax's denominator, is what the backward pass
 * needs to recompute the weights.
 */
#include "attention_forward.h"

ARGUMENTS(attention, {
  const act *qkv;     /* [N, 3C]: a row is q of all heads, then k, then v; head h at h·D */
  act *out;           /* [N, C] */
  float *log_sum_exp; /* [B, H, T] */
  int64_t heads;      /* H */
  int64_t head_size;  /* D */
});

void attention(const attention_arguments *args, const extents *active, team *team) {
  const act *qkv = args->qkv;
  act *out = args->out;
  float *lse = args->log_sum_exp;
  const int64_t H = args->heads, D = args->head_size, C = H * D, T = active->length, heads = active->batch * H;
  const int64_t blocks = (T + QUERIES - 1) / QUERIES;
  for (int64_t item; (item = team_claim(team, 0)) < blocks * heads;) {
    const int64_t first = (blocks - 1 - item / heads) * QUERIES, b = item % heads / H, h = item % H;
    const act *q = qkv + b * T * 3 * C + h * D;
    const attention_head head = {.q = q, .k = q + C, .v = q + 2 * C, .q_stride = 3 * C, .key_stride = 3 * C, .D = D,
                                 .out = out + b * T * C + h * D, .out_stride = C, .lse = lse + (b * H + h) * T};
    attend_block(&head, first, min64(QUERIES, T - first), team->scratch);
  }
}
