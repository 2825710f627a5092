/** The rate at which memory is read: every thread sums its own part of an area far larger than the caches. */
#define _GNU_SOURCE
#include "threads.h"
#include "vectors.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define SUMS 8 /* independent, so that the additions never hold up the reading */
#define AHEAD 1024 /* bytes fetched before they are read */

typedef struct {
  char *bytes;
  int64_t length;
  volatile float seen; /* keeps the sums from being left out */
} area;

static void part_of(const job *mine, const area *all, int64_t *start, int64_t *end) {
  int64_t step = all->length / mine->count / 4096 * 4096;
  *start = step * mine->number;
  *end = *start + step;
}

static void *fill(void *of) {
  job *mine = of;
  area *all = mine->data;
  int64_t start, end;
  part_of(mine, all, &start, &end);
  memset(all->bytes + start, 1, (size_t)(end - start));
  return NULL;
}

static void *sum(void *of) {
  job *mine = of;
  area *all = mine->data;
  int64_t start, end;
  part_of(mine, all, &start, &end);
  vector sums[SUMS] = {{0}};
  for (int64_t at = start; at < end; at += SUMS * VECTOR_BYTES) {
    for (int64_t line = 0; line < SUMS * VECTOR_BYTES; line += 64) __builtin_prefetch(all->bytes + at + AHEAD + line);
    for (int i = 0; i < SUMS; i++) sums[i] += *(const vector *)(all->bytes + at + i * VECTOR_BYTES);
  }
  for (int i = 1; i < SUMS; i++) sums[0] += sums[i];
  all->seen = sums[0][0];
  return NULL;
}

/** Bytes a second of the best of `passes` over `length` bytes; 0 when there is not that much memory. */
EXPORT double roofline_read(int32_t threads, int64_t length, int32_t passes) {
  area all = {.length = length};
  all.bytes = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all.bytes == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  madvise(all.bytes, (size_t)length, MADV_HUGEPAGE);
#endif
  seconds_on_threads(threads, fill, &all);
  double best = 0;
  for (int pass = 0; pass < passes; pass++) {
    double rate = (double)(length / threads / 4096 * 4096 * threads) / seconds_on_threads(threads, sum, &all);
    if (rate > best) best = rate;
  }
  munmap(all.bytes, (size_t)length);
  return best;
}
