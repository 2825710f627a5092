/**
 * Log-probabilities of targets at chosen rows: values[i] = log softmax(x[rows[i]] wteT)[targets[i]] for i < count, 0
 * where the target is -1; and, if K > 0, the K most likely tokens there with theirs, most likely first, the lower id
 * first in a tie. Policy: written (=). Chosen rows are gathered a slice at a time, so rows that nobody asks about cost no
 * logits.
 */
#include "cross_entropy.h"
#include "top_tokens.h"

ARGUMENTS(log_likelihoods, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *rows;      /* [R] */
  const int32_t *targets;   /* [R] */
  const int32_t *count;     /* [1], rows that count */
  float *values;            /* [R] */
  int32_t *top_ids;         /* [R, K] or null */
  float *top_values;        /* [R, K] or null */
  float *workspace;         /* logits [slice_rows, V], then gathered act [slice_rows, C] */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
  int64_t top;              /* K */
  int64_t slice_rows;       /* rows whose logits exist at once */
});

enum { GATHERING = FREE_COUNTER, SCORING };

void log_likelihoods(const log_likelihoods_arguments *args, const extents *active, team *team) {
  (void)active;
  const act *x = args->x;
  const float *wte = args->token_table;
  const int32_t *rows = args->rows, *targets = args->targets;
  const int64_t count = *args->count, C = args->channels, V = args->vocabulary_size, K = args->top, slice = args->slice_rows;
  float *values = args->values, *top_values = args->top_values, *slice_of_logits = args->workspace;
  int32_t *ids = args->top_ids;
  act *gathered = (act *)(slice_of_logits + slice * V);
  for (int64_t start = 0; start < count; start += slice) {
    const int64_t taken = min64(slice, count - start);
    for (int64_t i; (i = team_claim(team, GATHERING)) < taken;)
      memcpy(gathered + i * C, x + rows[start + i] * C, (size_t)C * sizeof *x);
    end_phase(team, GATHERING);
    slice_logits(gathered, wte, slice_of_logits, taken, C, V, team);
    for (int64_t i; (i = team_claim(team, SCORING)) < taken;) {
      const float *logits = slice_of_logits + i * V;
      const int64_t at = start + i;
      const float total = log_sum_exp(logits, V);
      values[at] = targets[at] < 0 ? 0 : logits[targets[at]] - total;
      if (K == 0) continue;
      top_tokens(logits, V, K, ids + at * K, top_values + at * K);
      for (int64_t k = 0; k < K; k++) top_values[at * K + k] -= total;
    }
    end_phase(team, SCORING);
  }
}
