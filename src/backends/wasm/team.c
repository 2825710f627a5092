/**
 * The team in WebAssembly: its threads are workers that share one memory, which the host has given room in. Thread 0 is the worker
 * that runs are asked of; the others wait here between runs.
 */
#include "scratch.h"
#include "walk.h"

typedef struct {
  walk walk; /* first, so that its address is the pool's */
  int threads;
  atomic_int running;
  atomic_int ticket;
  atomic_int closing;
  team teams[];
} pool;

int32_t team_bytes(int32_t threads);
void team_prepare(pool *pool, int32_t threads, char *private_scratch, void *shared_scratch);
void team_join(pool *pool, int32_t thread);
int32_t team_run(pool *pool, const void *launches, int32_t count, const void *active, const void *stop, int64_t *times);
void team_close(pool *pool);

/** Bytes of a team. */
int32_t team_bytes(int32_t threads) { return (int32_t)(sizeof(pool) + (size_t)threads * sizeof(team)); }

/** Makes a team in zeroed memory, with scratch areas one after another for its threads, and one that they share. */
void team_prepare(pool *pool, int32_t threads, char *private_scratch, void *shared_scratch) {
  pool->threads = threads;
  walk_prepare(&pool->walk, threads, shared_scratch);
  for (int i = 0; i < threads; i++)
    pool->teams[i] = (team){i, threads, &pool->walk.shared, private_scratch + i * PRIVATE_SCRATCH_BYTES};
}

static void wake(atomic_int *word) { __builtin_wasm_memory_atomic_notify((int *)word, -1u); }

/** What each thread but the first does until the team closes. */
void team_join(pool *pool, int32_t thread) {
  for (int seen = 0;; seen++) {
    sleep_while(&pool->ticket, seen);
    if (atomic_load(&pool->closing)) return;
    walk_table(&pool->walk, &pool->teams[thread]);
    if (atomic_fetch_sub(&pool->running, 1) == 1) wake(&pool->running);
  }
}

static void call(pool *pool) {
  atomic_fetch_add(&pool->ticket, 1);
  if (pool->threads > 1) wake(&pool->ticket);
}

/** As team_run in team.c; called by thread 0, which walks too. */
int32_t team_run(pool *pool, const void *launches, int32_t count, const void *active, const void *stop, int64_t *times) {
  walk_begin(&pool->walk, launches, count, active, stop, times);
  atomic_store(&pool->running, pool->threads - 1);
  call(pool);
  walk_table(&pool->walk, &pool->teams[0]);
  for (int left; (left = atomic_load(&pool->running)) > 0;) sleep_while(&pool->running, left);
  return walk_outcome(&pool->walk);
}

/** Lets the threads that wait return. */
void team_close(pool *pool) {
  atomic_store(&pool->closing, 1);
  call(pool);
}
