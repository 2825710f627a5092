/**
 * A world of ranks in one process whose collectives are slow: a thread of its own makes them one after the other, each some
 * time after the last rank has begun it, so that kernels run on meanwhile. It plays MPI in tests.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_RANKS 8
#define MAX_COLLECTIVES 65536

enum { ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER };

typedef struct {
  void *data;
  int64_t count;
  int32_t collective, type;
} collective;

typedef struct world world;

typedef struct {
  world *world;
  int begun, ended;
  collective collectives[MAX_COLLECTIVES];
} rank;

struct world {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_t thread;
  int size, closing, fails_at;
  int64_t delay; /* ns */
  rank *ranks[MAX_RANKS];
};

static void *data_of(const world *w, int r, int index) { return w->ranks[r]->collectives[index].data; }

/** All-reduce, or reduce-scatter: the sum goes to every rank, or to the one whose slice it is, and 0 to the others. */
static void add_up(world *w, int index) {
  const collective first = w->ranks[0]->collectives[index];
  const int64_t slice = first.count / w->size;
  for (int64_t i = 0; i < first.count; i++) {
    double total = 0;
    for (int r = 0; r < w->size; r++) {
      const void *data = data_of(w, r, index);
      total += first.type ? ((const double *)data)[i] : ((const float *)data)[i];
    }
    for (int r = 0; r < w->size; r++) {
      void *data = data_of(w, r, index);
      const double value = first.collective == ALL_REDUCE || i / slice == r ? total : 0;
      if (first.type) ((double *)data)[i] = value;
      else ((float *)data)[i] = (float)value;
    }
  }
}

static void gather(world *w, int index) {
  const collective first = w->ranks[0]->collectives[index];
  const size_t bytes = (size_t)(first.count / w->size) * (first.type ? sizeof(double) : sizeof(float));
  for (int to = 0; to < w->size; to++)
    for (int from = 0; from < w->size; from++)
      if (from != to)
        memcpy((char *)data_of(w, to, index) + bytes * (size_t)from, (char *)data_of(w, from, index) + bytes * (size_t)from, bytes);
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
    if (w->ranks[0]->collectives[index].collective == ALL_GATHER) gather(w, index);
    else add_up(w, index);
    pthread_mutex_lock(&w->mutex);
    for (int r = 0; r < w->size; r++) w->ranks[r]->ended++;
    pthread_cond_broadcast(&w->changed);
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

/** Opens a world; the collective number `fails_at` of any rank fails, none if negative. */
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

/** Collectives that a rank has begun and that have not ended: what overlaps with its kernels. */
EXPORT int32_t world_pending(int64_t context) {
  rank *self = (rank *)(intptr_t)context;
  pthread_mutex_lock(&self->world->mutex);
  const int pending = self->begun - self->ended;
  pthread_mutex_unlock(&self->world->mutex);
  return pending;
}

/** Fails what is still asked of a world. Its memory stays: a rank may be at work that nothing waits for since another failed. */
EXPORT void world_close(int64_t handle) {
  world *w = (world *)(intptr_t)handle;
  pthread_mutex_lock(&w->mutex);
  w->closing = 1;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  pthread_join(w->thread, NULL);
}

EXPORT int32_t begin(void *context, int32_t kind, void *data, int64_t count, int32_t type, void *stream) {
  (void)stream;
  rank *self = context;
  world *w = self->world;
  pthread_mutex_lock(&w->mutex);
  const int fails = w->closing || self->begun == w->fails_at || self->begun == MAX_COLLECTIVES;
  if (!fails) self->collectives[self->begun++] = (collective){data, count, kind, type};
  /* a rank that fails frees its data, which what it has begun still needs */
  else while (self->ended < self->begun && !w->closing) pthread_cond_wait(&w->changed, &w->mutex);
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  return fails;
}

EXPORT int32_t wait_for_all(void *context, void *stream) {
  (void)stream;
  const rank *self = context;
  world *w = self->world;
  pthread_mutex_lock(&w->mutex);
  while (self->ended < self->begun && !w->closing) pthread_cond_wait(&w->changed, &w->mutex);
  const int fails = self->ended < self->begun;
  pthread_mutex_unlock(&w->mutex);
  return fails;
}
