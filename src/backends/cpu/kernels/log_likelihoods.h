/** Log-probabilities of targets at chosen rows, whatever holds the token table: see log_likelihoods.c. */
#ifndef MINILLM_LOG_LIKELIHOODS_H
#define MINILLM_LOG_LIKELIHOODS_H

#include "cross_entropy.h"
#include "top_tokens.h"

typedef struct {
  const act *x;           /* [N, C] */
  const int32_t *rows;    /* [R] */
  const int32_t *targets; /* [R] */
  float *values;          /* [R] */
  int32_t *top_ids;       /* [R, K] or null */
  float *top_values;      /* [R, K] or null */
  float *slice_of_logits; /* [slice, V], then gathered act [slice, C] */
  int64_t count, C, V, K, slice;
} chosen_rows;

enum { GATHERING = FREE_COUNTER, SCORING };

static inline void score_rows(const chosen_rows *of, const token_table *wte, team *team) {
  const int64_t C = of->C, V = of->V, K = of->K;
  act *gathered = (act *)(of->slice_of_logits + of->slice * V);
  for (int64_t start = 0; start < of->count; start += of->slice) {
    const int64_t taken = min64(of->slice, of->count - start);
    for (int64_t i; (i = team_claim(team, GATHERING)) < taken;)
      memcpy(gathered + i * C, of->x + of->rows[start + i] * C, (size_t)C * sizeof *of->x);
    end_phase(team, GATHERING);
    slice_logits(gathered, wte, of->slice_of_logits, taken, C, V, team);
    for (int64_t i; (i = team_claim(team, SCORING)) < taken;) {
      const float *logits = of->slice_of_logits + i * V;
      const int64_t at = start + i;
      const float total = log_sum_exp(logits, V);
      of->values[at] = of->targets[at] < 0 ? 0 : logits[of->targets[at]] - total;
      if (K == 0) continue;
      top_tokens(logits, V, K, of->top_ids + at * K, of->top_values + at * K);
      for (int64_t k = 0; k < K; k++) of->top_values[at * K + k] -= total;
    }
    end_phase(team, SCORING);
  }
}

#endif
