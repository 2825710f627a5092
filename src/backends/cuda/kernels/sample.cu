/**
 * The next token of each row of logits: adjustments, temperature, top-k, top-p, min-p, then a draw in the order of ids; with
 * log-probabilities of the logits as they came. Policy: written (=), of the likeliest tokens as many as the row asks for.
 *
 * A block takes a row. Weights e^((logit - greatest) / temperature) are worked out in double and kept as multiples of 2^-46, so that
 * sums of them are exact in any order; one that is less than that, but not 0, counts as so much.
 */
#include "select.h"
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
  uint64_t *workspace;         /* weights [B, V], then adjusted logits float [B, V] */
  int64_t vocabulary_size;     /* V */
  int64_t top;                 /* K */
  int64_t max_adjustments;     /* A */
  int64_t adjusted_offset;     /* of the adjusted logits, in elements of 8 bytes */
});

#define UNIT 0x1p46 /* the greatest weight */

/** What the threads of a block share. */
typedef struct {
  token tokens[MAX_WARPS];
  double sums[MAX_WARPS];
  selection_space selection;
  int32_t drawn;
} space;

static __device__ __forceinline__ bool is_finite(float x) { return fabsf(x) <= 3.402823466e38f; }

/** The first of the largest logits; of those that are not a number, if there is any. */
static __device__ token greatest_of(const float *logits, int V, space *shared) {
  token unordered = no_token(0);
  for (int v = threadIdx.x; v < V; v += blockDim.x)
    if (logits[v] != logits[v] && v < unordered.id) unordered.id = v;
  unordered = block_first(unordered, shared->tokens);
  if (unordered.id != NO_TOKEN) return {logits[unordered.id], unordered.id};
  return next_token(logits, V, 0, shared->tokens);
}

static __device__ __forceinline__ uint64_t weight_of(float logit, float greatest, double temperature) {
  const double weight = exp(((double)logit - greatest) / temperature);
  const uint64_t units = __double2ull_rn(weight * UNIT);
  return units > 0 || weight == 0 ? units : 1;
}

/** floor(total * uniform), exactly. */
static __device__ __forceinline__ uint64_t share_of(uint64_t total, double uniform) {
  const uint64_t parts = (uint64_t)(uniform * 0x1p53);
  return __umul64hi(total, parts) << 11 | (total * parts) >> 53;
}

/** The token drawn from `logits`, of which `greatest` is the greatest. */
static __device__ int draw_token(const float *logits, int V, float greatest, int top_k, const double *numbers,
                                 uint64_t *weights, space *shared) {
  const double temperature = numbers[0], top_p = numbers[1], min_p = numbers[2];
  uint64_t *sums = shared->selection.sums;
  uint32_t least = 0;
  if (top_k > 0 && top_k < V) least = select(logits, 0, V, top_k, &shared->selection).key;
  uint64_t sum = 0;
  for (int v = threadIdx.x; v < V; v += blockDim.x) {
    weights[v] = key_of(logits[v]) >= least ? weight_of(logits[v], greatest, temperature) : 0;
    sum += weights[v];
  }
  /* the nucleus (Holtzman et al. 2020): the likeliest, as few as reach top_p of the sum, of equal ones the first */
  uint64_t of_least = NO_LIMIT;
  if (top_p < 1) {
    const uint64_t total = block_sum(sum, sums);
    const uint64_t wanted = (uint64_t)ceil(top_p * (double)total);
    const selection nucleus = select(logits, weights, V, wanted < 1 ? 1 : wanted > total ? total : wanted, &shared->selection);
    const uint64_t weight = weight_of(logit_of(nucleus.key), greatest, temperature);
    least = nucleus.key;
    of_least = (nucleus.wanted + weight - 1) / weight;
  }
  __syncthreads();

  /* each thread takes a stretch of ids, so that sums over threads are in their order */
  const int each = (V + blockDim.x - 1) / blockDim.x, begin = min(threadIdx.x * each, V), end = min(begin + each, V);
  uint64_t rank = 0;
  if (of_least != NO_LIMIT) {
    for (int v = begin; v < end; v++) rank += key_of(logits[v]) == least;
    rank = block_sum_before(rank, sums);
  }
  sum = 0;
  for (int v = begin; v < end; v++) {
    const uint32_t key = key_of(logits[v]);
    const bool is_kept = (key > least || (key == least && rank < of_least)) && (double)weights[v] >= min_p * UNIT;
    if (key == least) rank++;
    if (!is_kept) weights[v] = 0;
    sum += weights[v];
  }
  uint64_t before = block_sum_before(sum, sums);
  const uint64_t target = share_of(block_sum(sum, sums), numbers[3]);
  if (before <= target && target < before + sum) {
    int v = begin;
    while ((before += weights[v]) <= target) v++;
    shared->drawn = v;
  }
  __syncthreads();
  return shared->drawn;
}

KERNEL(__launch_bounds__(1024) sample)(const sample_arguments args, const extents active) {
  __shared__ space shared;
  const int64_t row = blockIdx.x, V = args.vocabulary_size, K = args.top, A = args.max_adjustments;
  const int32_t *counts = args.counts + row * 4;
  const double *numbers = args.numbers + row * 4;
  const float *given = args.logits + row * V, *logits = given;
  const int real = (int)min64(counts[0], V);
  if (real <= 0) return;

  token most = greatest_of(given, real, &shared);
  const float greatest = most.logit;
  if (!is_finite(greatest)) {
    if (threadIdx.x == 0) {
      args.tokens[row] = -1;
      args.logprobs[row] = greatest;
    }
    return;
  }
  double sum = 0;
  for (int v = threadIdx.x; v < real; v += blockDim.x) sum += expf(given[v] - greatest);
  const double total = greatest + log(block_sum(sum, shared.sums));
  token last;
  for (int64_t k = 0; k < min64(min64(counts[2], K), real); k++) {
    last = next_token(given, real, k > 0 ? &last : 0, shared.tokens);
    if (threadIdx.x > 0) continue;
    args.top_ids[row * K + k] = last.id;
    args.top_logprobs[row * K + k] = (float)(last.logit - total);
  }

  const int64_t adjusted = min64(counts[3], A);
  if (adjusted > 0) {
    float *to = (float *)(args.workspace + args.adjusted_offset) + row * V;
    for (int v = threadIdx.x; v < real; v += blockDim.x) to[v] = given[v];
    __syncthreads();
    for (int64_t i = threadIdx.x; i < adjusted; i += blockDim.x) {
      const int32_t id = args.adjusted_ids[row * A + i];
      if (id < real) to[id] += args.adjustments[row * A + i];
    }
    __syncthreads();
    logits = to;
    most = greatest_of(logits, real, &shared);
  }
  int id = most.id;
  if (numbers[0] != 0)
    id = draw_token(logits, real, most.logit, counts[1], numbers, args.workspace + row * V, &shared);
  if (threadIdx.x > 0) return;
  args.tokens[row] = id;
  args.logprobs[row] = (float)(given[id] - total);
}
