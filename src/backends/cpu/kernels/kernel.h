/**
 * What every kernel of the CPU backend sees.
 *
 * A compiled program is a table of launches. All threads of the team walk the table together: each calls the launch's
 * kernel, then waits for the others. A kernel divides its work among `team->threads` itself, either by its thread
 * number or by claiming items from a counter, and must give the same bits whatever the number of threads: no sum may be
 * split at a place that depends on it.
 *
 * Arguments come as a struct of words (pointers, int64_t, double) that the kernel declares with ARGUMENTS: the host reads its
 * fields by name and fills them, so their order is the kernel's own. A tensor that an operation may leave out is a null pointer.
 * `extents` holds the active batch rows B and length T of this run, at most those the program was compiled for; active rows lie
 * contiguously from the start: N = B*T.
 *
 * Policies: activations are written (=), parameter gradients are added (+=).
 */
#ifndef MINILLM_KERNEL_H
#define MINILLM_KERNEL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** Declares `NAME_arguments`, and the fields as text for the host, which compares them with the operation's names. */
#define ARGUMENTS(name, ...)                   \
  typedef struct __VA_ARGS__ name##_arguments; \
  extern const char name##_fields[];           \
  const char name##_fields[] = #__VA_ARGS__

typedef struct {
  int32_t batch;
  int32_t length;
} extents;

#define TEAM_COUNTERS 16

typedef struct team team;

/** What the threads of a team share: one barrier, counters for claiming work, one scratch area. */
typedef struct {
  void (*barrier)(team *team);
  atomic_int failed; /* a collective failed: the run ends after this launch */
  struct {
    _Alignas(128) atomic_llong next;
  } counters[TEAM_COUNTERS];
  void *scratch; /* shared by the team, 64-byte aligned, SHARED_SCRATCH_BYTES of the kernel library */
} team_shared;

struct team {
  int thread;
  int threads;
  team_shared *shared;
  void *scratch; /* this thread's own, 64-byte aligned, PRIVATE_SCRATCH_BYTES of the kernel library */
};

/** A kernel as the team calls it; its own declaration names the type of its arguments. */
typedef void kernel(const void *args, const extents *active, team *team);

/** Waits until every thread of the team is here. */
static inline void team_barrier(team *team) { team->shared->barrier(team); }

/** Claims the next item of counter `counter` (0 .. TEAM_COUNTERS-1); all counters are 0 when a launch starts. */
static inline int64_t team_claim(team *team, int counter) {
  return atomic_fetch_add_explicit(&team->shared->counters[counter].next, 1, memory_order_relaxed);
}

/** Ends the run after this launch, as failed. */
static inline void team_fail(team *team) { atomic_store_explicit(&team->shared->failed, 1, memory_order_relaxed); }

static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t rows_of(const extents *active) { return (int64_t)active->batch * active->length; }

#endif
