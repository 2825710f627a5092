/**
 * The next token of each row of logits: adjustments, temperature, top-k, top-p, min-p, then a draw in the order of ids; with
 * log-probabilities of the logits as they came. Policy: written (=), of the likeliest tokens as many as the row asks for.
 *
 * A row is one thread's work. Weights are e^((logit - greatest) / temperature) in double, so that the draw has the 53 bits
 * of its uniform number.
 */
#include "sample.h"
#include "kernel.h"
#include "top_tokens.h"

ARGUMENTS(sample, {
  const float *logits;         /* [B, V] */
  const double *numbers;       /* [B, 4]: temperature, top-p, min-p, uniform number */
  const int32_t *counts;       /* [B, 4]: ids that may be sampled, top-k, likeliest tokens asked for, adjustments */
  const int32_t *adjusted_ids; /* [B, A] */
  const float *adjustments;    /* [B, A] */
  int32_t *tokens;             /* [B] */
  float *logprobs;             /* [B] */
  int32_t *top_ids;            /* [B, K] */
  float *top_logprobs;         /* [B, K] */
  double *workspace;           /* [B]: double [2, V], then float [V], then int32 [V] */
  int64_t vocabulary_size;     /* V */
  int64_t top;                 /* K */
  int64_t max_adjustments;     /* A */
});

/** Where a row is prepared. */
typedef struct {
  double *weights, *partitioned; /* [V] */
  float *adjusted;               /* [V] */
  int32_t *ids;                  /* [V] */
} row_space;

static row_space space_of(double *workspace, int64_t row, int64_t V) {
  double *weights = workspace + row * 3 * V;
  float *adjusted = (float *)(weights + 2 * V);
  return (row_space){weights, weights + V, adjusted, (int32_t *)(adjusted + V)};
}

/** The token drawn from `logits`, whose greatest is that of id `most`. */
static int64_t draw_token(const float *logits, int64_t V, int64_t most, int64_t top_k, const double *numbers, row_space space) {
  const double temperature = numbers[0], top_p = numbers[1], min_p = numbers[2], uniform = numbers[3];
  const int32_t *ids = NULL;
  const float *values = logits;
  const float greatest = logits[most];
  int64_t count = V;
  if (top_k > 0 && top_k < V) {
    const float least = kth_largest(logits, V, top_k, (float *)space.partitioned);
    float *kept = (float *)space.partitioned;
    count = 0;
    for (int64_t v = 0; v < V; v++)
      if (logits[v] >= least) {
        kept[count] = logits[v];
        space.ids[count++] = (int32_t)v;
      }
    ids = space.ids;
    values = kept;
  }
  weigh(values, count, greatest, temperature, space.weights);
  if (top_p < 1) keep_nucleus(space.weights, count, top_p, space.partitioned);
  if (min_p > 0)
    for (int64_t i = 0; i < count; i++)
      if (space.weights[i] < min_p) space.weights[i] = 0; /* the greatest weight is 1 */
  const int64_t drawn = draw(space.weights, count, uniform);
  return ids ? ids[drawn] : drawn;
}

static void sample_row(const sample_arguments *args, int64_t row, int64_t real) {
  const int64_t V = args->vocabulary_size, K = args->top, A = args->max_adjustments;
  const int32_t *counts = args->counts + row * 4, *adjusted_ids = args->adjusted_ids + row * A;
  const float *given = args->logits + row * V, *adjustments = args->adjustments + row * A, *logits = given;
  const double *numbers = args->numbers + row * 4;
  const int64_t wanted = min64(counts[2], K), adjusted = min64(counts[3], A);
  const row_space space = space_of(args->workspace, row, V);

  int64_t most = greatest_of(given, real);
  const float greatest = given[most];
  if (!isfinite(greatest)) {
    args->tokens[row] = -1;
    args->logprobs[row] = greatest;
    return;
  }
  const double total = greatest + log(weigh(given, real, greatest, 1, NULL));
  int32_t *top_ids = args->top_ids + row * K;
  float *top_logprobs = args->top_logprobs + row * K;
  if (wanted > 0) top_tokens(given, real, wanted, top_ids, top_logprobs);
  for (int64_t k = 0; k < min64(wanted, real); k++) top_logprobs[k] = (float)(top_logprobs[k] - total);

  if (adjusted > 0) {
    memcpy(space.adjusted, given, (size_t)real * sizeof *given);
    for (int64_t i = 0; i < adjusted; i++)
      if (adjusted_ids[i] < real) space.adjusted[adjusted_ids[i]] += adjustments[i];
    logits = space.adjusted;
    most = greatest_of(logits, real);
  }
  const int64_t token = numbers[0] == 0 ? most : draw_token(logits, real, most, counts[1], numbers, space);
  args->tokens[row] = (int32_t)token;
  args->logprobs[row] = (float)(given[token] - total);
}

void sample(const sample_arguments *args, const extents *active, team *team) {
  for (int64_t row; (row = team_claim(team, 0)) < active->batch;) {
    const int64_t real = min64(args->counts[row * 4], args->vocabulary_size);
    if (real > 0) sample_row(args, row, real);
  }
}
