/**
 * losses [N] = log-sum-exp of a row's logits minus the logit of its target, 0 where the target is -1, with the token table's
 * transpose quantised to int8 (packed.h). Policy: written (=).
 */
#include "cross_entropy.h"

ARGUMENTS(quantised_cross_entropy, {
  const act *x;              /* [N, C] */
  const int8_t *token_table; /* q [C, V], packed */
  const float *scales;       /* s [V] */
  const int32_t *targets;    /* [N] */
  float *losses;             /* [N] */
  float *workspace;          /* [slice_rows, V], logits */
  int64_t channels;          /* C */
  int64_t vocabulary_size;   /* V */
  int64_t slice_rows;        /* rows whose logits exist at once */
});

void quantised_cross_entropy(const quantised_cross_entropy_arguments *args, const extents *active, team *team) {
  const loss_rows of = {
      .x = args->x,
      .targets = args->targets,
      .losses = args->losses,
      .slice_of_logits = args->workspace,
      .N = rows_of(active),
      .C = args->channels,
      .V = args->vocabulary_size,
      .slice = args->slice_rows,
  };
  const token_table wte = quantised_table(args->token_table, args->scales, args->channels);
  losses_of_rows(&of, &wte, team);
}
