/**
 * log_likelihoods (see there) with the token table's transpose quantised to int8 (packed.h). Policy: written (=).
 */
#include "log_likelihoods.h"

ARGUMENTS(quantised_log_likelihoods, {
  const act *x;              /* [N, C] */
  const int8_t *token_table; /* q [C, V], packed */
  const float *scales;       /* s [V] */
  const int32_t *rows;       /* [R] */
  const int32_t *targets;    /* [R] */
  const int32_t *count;      /* [1], rows that count */
  float *values;             /* [R] */
  int32_t *top_ids;          /* [R, K] or null */
  float *top_values;         /* [R, K] or null */
  float *workspace;          /* logits [slice_rows, V], then gathered act [slice_rows, C] */
  int64_t channels;          /* C */
  int64_t vocabulary_size;   /* V */
  int64_t top;               /* K */
  int64_t slice_rows;        /* rows whose logits exist at once */
});

void quantised_log_likelihoods(const quantised_log_likelihoods_arguments *args, const extents *active, team *team) {
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
  const token_table wte = quantised_table(args->token_table, args->scales, args->channels);
  score_rows(&of, &wte, team);
}
