/**
 * The training form of the head: losses as in cross_entropy.c (not scaled), and with
 * dlogits = scale[0] (softmax(logits) - onehot(target)), 0 where the target is -1:
 * dx [N,C] = dlogits wte, dwte [V,C] += dlogitsT x. Policy: losses and dx are written (=), dwte is added to (+=).
 *
 * dlogits take the place of the logits in the workspace, each row from its start, stored as activations: in bf16 that
 * halves what the two products read.
 */
#include "cross_entropy.h"

ARGUMENTS(cross_entropy_with_gradient, {
  const act *x;                /* [N, C] */
  const float *token_table;    /* [V, C] */
  const int32_t *targets;      /* [N] */
  const float *scale;          /* [1] */
  float *losses;               /* [N] */
  act *x_gradient;             /* [N, C] */
  float *token_table_gradient; /* [V, C] (+=) */
  float *workspace;            /* [slice_rows, V], logits */
  int64_t channels;            /* C */
  int64_t vocabulary_size;     /* V */
  int64_t slice_rows;          /* rows whose logits exist at once */
});

/** Replaces a row of logits by scale * e^(logit - lse), as activations from the row's start; reads run ahead of writes. */
static void soften(float *row, int64_t V, float lse, float scale) {
  act *out = (act *)row;
  int64_t v = 0;
  for (; v + VL <= V; v += VL) vstore_act(out + v, scale * vexp(vload(row + v) - lse));
  float tail[VL] = {0};
  act softened[VL];
  memcpy(tail, row + v, (size_t)(V - v) * sizeof(float));
  vstore_act(softened, scale * vexp(vload(tail) - lse));
  memcpy(out + v, softened, (size_t)(V - v) * sizeof(act));
}

void cross_entropy_with_gradient(const cross_entropy_with_gradient_arguments *args, const extents *active, team *team) {
  const act *x = args->x;
  const float *wte = args->token_table;
  const token_table table = plain_table(wte, args->channels);
  const int32_t *targets = args->targets;
  float scale = *args->scale, *losses = args->losses, *dwte = args->token_table_gradient, *slice_of_logits = args->workspace;
  act *dx = args->x_gradient;
  int64_t C = args->channels, V = args->vocabulary_size, slice = args->slice_rows, N = rows_of(active);
  int is_bf16 = sizeof(act) == 2;
  int64_t stride = V * (int64_t)(sizeof(float) / sizeof(act)); /* between rows of dlogits */

  for (int64_t start = 0; start < N; start += slice) {
    int64_t rows = min64(slice, N - start);
    slice_logits(x + start * C, &table, slice_of_logits, rows, C, V, team);
    for (int64_t row; (row = team_claim(team, FREE_COUNTER)) < rows;) {
      int32_t target = targets[start + row];
      float *logits = slice_of_logits + row * V;
      if (target < 0) {
        losses[start + row] = 0;
        memset(logits, 0, (size_t)V * sizeof(act));
        continue;
      }
      float lse = log_sum_exp(logits, V), logit = logits[target];
      losses[start + row] = lse - logit;
      soften(logits, V, lse, scale);
      act_store((act *)logits + target, scale * (expf(logit - lse) - 1));
    }
    end_phase(team, FREE_COUNTER);
    product input = {
        .m = rows,
        .n = C,
        .k = V,
        .a = {slice_of_logits, is_bf16, stride, 1, NULL},
        .b = {wte, 0, 1, C, NULL},
        .c = {.values = dx + start * C},
    };
    gemm(&input, team);
    end_phase(team, COMPUTING);
    product weight = {
        .m = V,
        .n = C,
        .k = rows,
        .a = {slice_of_logits, is_bf16, 1, stride, NULL},
        .b = {x + start * C, is_bf16, 1, C, NULL},
        .c = {.sums = dwte, .accumulate = 1},
    };
    gemm(&weight, team);
    end_phase(team, COMPUTING);
  }
}
