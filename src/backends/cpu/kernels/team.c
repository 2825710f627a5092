/**
 * The team: a fixed set of threads that walk a program's launches together. Thread 0 is a dedicated thread too, so the
 * thread that asks for a run only waits; JavaScript stays free.
 */
#define _GNU_SOURCE
#include "walk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))
#define LARGE_PAGE ((size_t)2 << 20)

typedef struct pool {
  walk walk; /* first, so that its address is the pool's */
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  int threads, running, closing;
  int64_t ticket;
  pthread_t *handles;
  team *teams;
} pool;

typedef struct {
  pool *pool;
  int thread;
} start;

static void *thread_main(void *argument) {
  start *begin = argument;
  pool *pool = begin->pool;
  team *member = &pool->teams[begin->thread];
  free(begin);
  int64_t seen = 0;
  for (;;) {
    pthread_mutex_lock(&pool->mutex);
    while (pool->ticket == seen && !pool->closing) pthread_cond_wait(&pool->work, &pool->mutex);
    if (pool->closing) {
      pthread_mutex_unlock(&pool->mutex);
      return NULL;
    }
    seen = pool->ticket;
    pthread_mutex_unlock(&pool->mutex);
    walk_table(&pool->walk, member);
    pthread_mutex_lock(&pool->mutex);
    if (--pool->running == 0) pthread_cond_broadcast(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
}

/* Scratch areas in large pages, where the system has them: their panels are read again and again, 2 % of a product's time. */
static void *aligned(size_t bytes) {
  void *memory = NULL;
  int is_large = bytes >= LARGE_PAGE;
  if (posix_memalign(&memory, is_large ? LARGE_PAGE : 4096, bytes ? bytes : 1)) return NULL;
#ifdef MADV_HUGEPAGE
  if (is_large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

/** Starts `threads` threads with their scratch areas; NULL when the system refuses. */
EXPORT void *team_create(int32_t threads, int64_t private_bytes, int64_t shared_bytes) {
  pool *made = aligned(sizeof(pool));
  if (!made) return NULL;
  memset(made, 0, sizeof *made);
  pthread_mutex_init(&made->mutex, NULL);
  pthread_cond_init(&made->work, NULL);
  pthread_cond_init(&made->done, NULL);
  made->threads = threads;
  walk_prepare(&made->walk, threads, aligned((size_t)shared_bytes));
  made->handles = calloc((size_t)threads, sizeof(pthread_t));
  made->teams = calloc((size_t)threads, sizeof(team));
  if (!made->walk.shared.scratch || !made->handles || !made->teams) return NULL;
  for (int i = 0; i < threads; i++) {
    made->teams[i] = (team){i, threads, &made->walk.shared, aligned((size_t)private_bytes)};
    start *begin = malloc(sizeof *begin);
    if (!made->teams[i].scratch || !begin) return NULL;
    *begin = (start){made, i};
    if (pthread_create(&made->handles[i], NULL, thread_main, begin)) return NULL;
  }
  return made;
}

/**
 * Runs `count` launches and waits for their end. Between launches `*stop`, if given, is checked; non-zero ends the run
 * early. `times`, if given, receives the moment (monotonic, ns) of the start, then of the end of each launch. Returns 0,
 * 1 if stopped, 2 if a collective failed.
 */
EXPORT int32_t team_run(void *handle, const void *launches, int64_t count, const void *active, const void *stop,
                        int64_t *times) {
  pool *pool = handle;
  pthread_mutex_lock(&pool->mutex);
  walk_begin(&pool->walk, launches, count, active, stop, times);
  pool->running = pool->threads;
  pool->ticket++;
  pthread_cond_broadcast(&pool->work);
  while (pool->running > 0) pthread_cond_wait(&pool->done, &pool->mutex);
  const int outcome = walk_outcome(&pool->walk);
  pthread_mutex_unlock(&pool->mutex);
  return outcome;
}

EXPORT void team_close(void *handle) {
  pool *pool = handle;
  pthread_mutex_lock(&pool->mutex);
  pool->closing = 1;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < pool->threads; i++) pthread_join(pool->handles[i], NULL);
  for (int i = 0; i < pool->threads; i++) free(pool->teams[i].scratch);
  free(pool->walk.shared.scratch);
  free(pool->teams);
  free(pool->handles);
  free(pool);
}
