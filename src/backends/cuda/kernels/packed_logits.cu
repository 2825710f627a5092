/**
 * logits [B,V] fp32 = x [rows[b], C] wteT for the one row of each stream that samples, with the token table packed once
 * (pack_weight.cu). Policy: written (=).
 */
#include "few_rows.h"

ARGUMENTS(packed_logits, {
  const act *x;            /* [N, C] */
  const bf16 *token_table; /* [V, C], packed */
  const int32_t *rows;     /* [B] */
  float *logits;           /* [B, V] */
  int64_t channels;        /* C */
  int64_t vocabulary_size; /* V */
});

KERNEL(__launch_bounds__(128) packed_logits)(const packed_logits_arguments args, const extents active) {
  const int64_t V = args.vocabulary_size;
  multiply_few_rows(
      args.x, args.token_table, active.batch, V, args.channels, [&](int64_t b) { return args.rows[b]; },
      [&](int64_t b, int64_t v, float product) { args.logits[b * V + v] = product; });
}
