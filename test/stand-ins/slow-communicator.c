/**
 * A world of ranks in one process whose sums are slow: a thread of its own makes them one after the other, each some time after
 * the last rank has begun it, so that kernels run on meanwhile. It plays MPI in tests.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_RANKS 8
#define MAX_SUMS 65536

typedef struct {
  void *data;
  int64_t count;
  int32_t type;
} sum;

typedef struct world world;

typedef struct {
  world *world;
  int begun, ended;
  sum sums[MAX_SUMS];
} rank;

struct world {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_t thread;
  int size, closing, fails_at;
  int64_t delay; /* ns */
  rank *ranks[MAX_RANKS];
};

static void add_up(world *w, int index) {
  const sum first = w->ranks[0]->sums[index];
  for (int64_t i = 0; i < first.count; i++) {
    double total = 0;
    for (int r = 0; r < w->size; r++) {
      const void *data = w->ranks[r]->sums[index].data;
      total += first.type ? ((const double *)data)[i] : ((const float *)data)[i];
    }
    for (int r = 0; r < w->size; r++) {
      void *data = w->ranks[r]->sums[index].data;
      if (first.type) ((double *)data)[i] = total;
      else ((float *)data)[i] = (float)total;
    }
  }
}

static int all_have_begun(const world *w, int index) {
  for (int r = 0; r < w->size; r++)
    if (w->ranks[r]->begun <= index) return 0;
  return 1;
}

static void *communicate(void *argument) {
  world *w = argument;
  pthread_mutex_lock(&w->mutex);
  for (int index = 0; !w->closing; index++) {
    while (!w->closing && !all_have_begun(w, index)) pthread_cond_wait(&w->changed, &w->mutex);
    if (w->closing) break;
    pthread_mutex_unlock(&w->mutex);
    nanosleep(&(struct timespec){0, w->delay}, NULL);
    add_up(w, index);
    pthread_mutex_lock(&w->mutex);
    for (int r = 0; r < w->size; r++) w->ranks[r]->ended++;
    pthread_cond_broadcast(&w->changed);
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

/** Opens a world; the sum number `fails_at` of any rank fails, none if negative. */
EXPORT int64_t world_open(int32_t size, int32_t delay_microseconds, int32_t fails_at) {
  world *w = calloc(1, sizeof *w);
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->size = size;
  w->delay = (int64_t)delay_microseconds * 1000;
  w->fails_at = fails_at;
  for (int r = 0; r < size; r++) {
    w->ranks[r] = calloc(1, sizeof(rank));
    w->ranks[r]->world = w;
  }
  pthread_create(&w->thread, NULL, communicate, w);
  return (int64_t)(intptr_t)w;
}

/** The context of one rank. */
EXPORT int64_t world_rank(int64_t handle, int32_t number) {
  return (int64_t)(intptr_t)((world *)(intptr_t)handle)->ranks[number];
}

/** Sums that a rank has begun and that have not ended: what overlaps with its kernels. */
EXPORT int32_t world_pending(int64_t context) {
  rank *self = (rank *)(intptr_t)context;
  pthread_mutex_lock(&self->world->mutex);
  const int pending = self->begun - self->ended;
  pthread_mutex_unlock(&self->world->mutex);
  return pending;
}

EXPORT void world_close(int64_t handle) {
  world *w = (world *)(intptr_t)handle;
  pthread_mutex_lock(&w->mutex);
  w->closing = 1;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  pthread_join(w->thread, NULL);
  for (int r = 0; r < w->size; r++) free(w->ranks[r]);
  free(w);
}

EXPORT int32_t begin_sum(void *context, void *data, int64_t count, int32_t type, void *stream) {
  (void)stream;
  rank *self = context;
  world *w = self->world;
  pthread_mutex_lock(&w->mutex);
  const int fails = self->begun == w->fails_at || self->begun == MAX_SUMS;
  if (!fails) self->sums[self->begun++] = (sum){data, count, type};
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  return fails;
}

EXPORT int32_t wait_for_sums(void *context, void *stream) {
  (void)stream;
  rank *self = context;
  pthread_mutex_lock(&self->world->mutex);
  while (self->ended < self->begun) pthread_cond_wait(&self->world->changed, &self->world->mutex);
  pthread_mutex_unlock(&self->world->mutex);
  return 0;
}
