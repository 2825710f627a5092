/** The most likely tokens of a row of logits. */
#ifndef MINILLM_TOP_TOKENS_H
#define MINILLM_TOP_TOKENS_H

#include <stdint.h>

/** The K largest of V logits and their ids by insertion into a sorted list, the lower id first in a tie. */
static void top_tokens(const float *logits, int64_t V, int64_t K, int32_t *ids, float *values) {
  int64_t held = 0;
  for (int64_t v = 0; v < V; v++) {
    const float logit = logits[v];
    if (held == K && !(logit > values[K - 1])) continue;
    int64_t place = held < K ? held++ : K - 1;
    for (; place > 0 && logit > values[place - 1]; place--) {
      values[place] = values[place - 1];
      ids[place] = ids[place - 1];
    }
    values[place] = logit;
    ids[place] = (int32_t)v;
  }
}

#endif
