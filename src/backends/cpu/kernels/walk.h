/**
 * How the threads of a team walk a table of launches: each calls the launch's kernel, then they meet. The last to arrive at the
 * end of a launch resets the counters and decides whether to stop.
 */
#ifndef MINILLM_WALK_H
#define MINILLM_WALK_H

#include "gate.h"
#include "kernel.h"

typedef struct {
  kernel *kernel;
  const void *args;
} launch;

typedef struct {
  team_shared shared; /* first, so that its address is the walk's */
  gate gate;
  const launch *launches;
  int64_t count;
  const extents *active;
  const atomic_int *stop;
  int64_t *times;
  int stopping;
} walk;

static inline void walk_meet(team *member, walk *launch_end, int64_t index) {
  gate *gate = &((walk *)member->shared)->gate;
  int generation;
  if (!gate_arrive(gate, &generation)) return gate_wait(gate, generation);
  if (launch_end) {
    team_shared *shared = member->shared;
    for (int i = 0; i < TEAM_COUNTERS; i++) atomic_store_explicit(&shared->counters[i].next, 0, memory_order_relaxed);
    if (launch_end->times) launch_end->times[index + 1] = nanoseconds();
    launch_end->stopping = (launch_end->stop && atomic_load_explicit(launch_end->stop, memory_order_relaxed)) ||
                           atomic_load_explicit(&shared->failed, memory_order_relaxed);
  }
  gate_open(gate);
}

static void walk_barrier(team *member) { walk_meet(member, NULL, 0); }

/** Makes a walk in zeroed memory. */
static inline void walk_prepare(walk *walk, int threads, void *scratch) {
  gate_prepare(&walk->gate, threads);
  walk->shared.barrier = walk_barrier;
  walk->shared.scratch = scratch;
}

/** What the team walks next: see `team_run`. */
static inline void walk_begin(walk *walk, const void *launches, int64_t count, const void *active, const void *stop,
                              int64_t *times) {
  walk->launches = launches;
  walk->count = count;
  walk->active = active;
  walk->stop = stop;
  walk->times = times;
  if (times) times[0] = nanoseconds();
  walk->stopping = 0;
  atomic_store_explicit(&walk->shared.failed, 0, memory_order_relaxed);
}

/** Each thread of the team calls this. */
static inline void walk_table(walk *walk, team *member) {
  for (int64_t i = 0; i < walk->count; i++) {
    walk->launches[i].kernel(walk->launches[i].args, walk->active, member);
    walk_meet(member, walk, i);
    if (walk->stopping) break;
  }
}

/** 0 once the table has been walked to its end, 1 if it was stopped, 2 if a collective failed. */
static inline int walk_outcome(walk *walk) {
  return atomic_load_explicit(&walk->shared.failed, memory_order_relaxed) ? 2 : walk->stopping;
}

#endif
