/**
 * Log-probabilities of targets at chosen rows: values[i] = log softmax(x[rows[i]] wteT)[targets[i]] for i < count, 0
 * where the target is -1; and, if K > 0, the K most likely tokens there with theirs, most likely first, the lower id
 * first in a tie. Policy: written (=). Chosen rows are gathered a slice at a time, so rows that nobody asks about cost no
 * logits.
 */
#include "log_likelihoods.h"

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

void log_likelihoods(const log_likelihoods_arguments *args, const extents *active, team *team) {
  (void)active;
  const chosen_rows of = {
      .x = args->x,
      .rows = args->rows,
      .targets = args->targets,
      .values = args->values,
      .top_ids = args->top_ids,
      .top_values = args->top_values,
      .slice_of_logits = args->workspace,
      .count = *args->count,
      .C = args->channels,
      .V = args->vocabulary_size,
      .K = args->top,
      .slice = args->slice_rows,
  };
  const token_table wte = plain_table(args->token_table, args->channels);
  score_rows(&of, &wte, team);
}
