/**
 * losses [N] = log-sum-exp of a row's logits minus the logit of its target, 0 where the target is -1; x [N,C], wte [V,C].
 * Policy: written (=). The evaluation form: per-token losses, no gradient.
 */
#include "cross_entropy.h"

kernel cross_entropy;

void cross_entropy(const word *args, const extents *active, team *team) {
  const act *x = args[0].p;
  const float *wte = args[1].p;
  const int32_t *targets = args[2].p;
  float *losses = args[3].p, *slice_of_logits = args[4].p;
  int64_t C = args[5].i, V = args[6].i, slice = args[7].i, N = rows_of(active);
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
