/**
 * losses [N] = log-sum-exp of a row's logits minus the logit of its target, 0 where the target is -1; x [N,C], wte [V,C].
 * Policy: written (=). The evaluation form: per-token losses, no gradient.
 */
#include "cross_entropy.h"

ARGUMENTS(cross_entropy, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *targets;   /* [N] */
  float *losses;            /* [N] */
  float *workspace;         /* [slice_rows, V], logits */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
  int64_t slice_rows;       /* rows whose logits exist at once */
});

void cross_entropy(const cross_entropy_arguments *args, const extents *active, team *team) {
  const act *x = args->x;
  const float *wte = args->token_table;
  const int32_t *targets = args->targets;
  float *losses = args->losses, *slice_of_logits = args->workspace;
  int64_t C = args->channels, V = args->vocabulary_size, slice = args->slice_rows, N = rows_of(active);
  for (int64_t start = 0; start < N; start += slice) {
    int64_t rows = min64(slice, N - start);
    slice_logits(x + start * C, wte, slice_of_logits, rows, C, V, team);
    for (int64_t row; (row = team_claim(team, FREE_COUNTER)) < rows;) {
      int32_t target = targets[start + row];
      const float *logits = slice_of_logits + row * V;
      losses[start + row] = target < 0 ? 0 : log_sum_exp(logits, V) - logits[target];
    }
    end_phase(team, FREE_COUNTER);
  }
}
