/**
 * logits [B,V] fp32 = x [rows[b], C] wteT for the one row of each stream that samples; wte [V,C] is read in place, as fp32.
 * Policy: written (=).
 */
#include "few_rows.h"

ARGUMENTS(logits, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *rows;      /* [B] */
  float *logits;            /* [B, V] */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
});

template <int ROWS>
static __device__ __forceinline__ void logits_of(const logits_arguments &args, const extents active) {
  const int64_t V = args.vocabulary_size;
  const auto place_of = [&](int64_t b) { return args.rows[b]; };
  const auto write = [&](int64_t b, int64_t v, float product) { args.logits[b * V + v] = product; };
  multiply_few_rows<ROWS>(args.x, args.token_table, active.batch, V, args.channels, place_of, write);
}

FEW_ROWS_KERNELS(logits)
