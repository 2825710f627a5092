/**
 * Where the threads of a team meet. The last to arrive opens the gate. The others spin for a while, for most launches end on all
 * threads at nearly the same time and waking a thread takes long; then they sleep, for a thread that spins on holds the core that
 * the one it waits for may need. A wait that outlasts the spinning halves it and one that does not doubles it, so that threads
 * that share their cores with other work soon sleep nearly at once.
 */
#ifndef MINILLM_GATE_H
#define MINILLM_GATE_H

#include <stdatomic.h>
#include <stdint.h>

#if !defined(__wasm__)
#include <pthread.h>
#include <time.h>
#endif

/** Twice what it takes to wake a thread. */
#define MAX_SPIN_NANOSECONDS 100000
#define MIN_SPIN_NANOSECONDS 1000
#define PAUSES_PER_LOOK_AT_THE_CLOCK 32

typedef struct {
  int threads;
  atomic_llong spin; /* nanoseconds */
  _Alignas(128) atomic_int arrived;
  _Alignas(128) atomic_int generation;
  atomic_int sleepers;
#if !defined(__wasm__)
  pthread_mutex_t mutex;
  pthread_cond_t opened;
#endif
} gate;

#if defined(__wasm__)
__attribute__((import_module("host"), import_name("nanoseconds"))) double host_nanoseconds(void);
static inline int64_t nanoseconds(void) { return (int64_t)host_nanoseconds(); }
#else
static inline int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
#endif

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/** Makes a gate, closed, in zeroed memory. */
static inline void gate_prepare(gate *gate, int threads) {
  gate->threads = threads;
  atomic_init(&gate->spin, MAX_SPIN_NANOSECONDS);
#if !defined(__wasm__)
  pthread_mutex_init(&gate->mutex, NULL);
  pthread_cond_init(&gate->opened, NULL);
#endif
}

/** Returns whether this thread is the last to arrive: it must then open the gate, and the others wait with `*generation`. */
static inline int gate_arrive(gate *gate, int *generation) {
  *generation = atomic_load_explicit(&gate->generation, memory_order_relaxed);
  return atomic_fetch_add_explicit(&gate->arrived, 1, memory_order_acq_rel) == gate->threads - 1;
}

/*
 * Opening changes the generation, then looks for sleepers; a sleeper counts itself, then looks at the generation. All four are
 * sequentially consistent, so at least one of the two sees the other.
 */

/** Lets all threads pass; the gate is then closed again. */
static inline void gate_open(gate *gate) {
  atomic_store_explicit(&gate->arrived, 0, memory_order_relaxed);
  atomic_fetch_add(&gate->generation, 1);
  if (atomic_load(&gate->sleepers) == 0) return;
#if defined(__wasm__)
  __builtin_wasm_memory_atomic_notify((int *)&gate->generation, -1u);
#else
  pthread_mutex_lock(&gate->mutex);
  pthread_cond_broadcast(&gate->opened);
  pthread_mutex_unlock(&gate->mutex);
#endif
}

#if defined(__wasm__)
/*
 * Sleeps until `word` is no longer `value`. The instruction is alone in a function: the code that V8's quick compiler makes of it
 * in Node 20 (V8 11.3, Liftoff) saves the address in 8 bytes where 4 are its own, and so zeroes the function's last variable.
 */
static __attribute__((noinline)) void sleep_once(atomic_int *word, int value) {
  __builtin_wasm_memory_atomic_wait32((int *)word, value, -1);
}
static inline void sleep_while(atomic_int *word, int value) {
  while (atomic_load(word) == value) sleep_once(word, value);
}

static inline void gate_sleep(gate *gate, int generation) {
  atomic_fetch_add(&gate->sleepers, 1);
  sleep_while(&gate->generation, generation);
  atomic_fetch_sub(&gate->sleepers, 1);
}
#else
static inline void gate_sleep(gate *gate, int generation) {
  pthread_mutex_lock(&gate->mutex);
  atomic_fetch_add(&gate->sleepers, 1);
  while (atomic_load(&gate->generation) == generation) pthread_cond_wait(&gate->opened, &gate->mutex);
  atomic_fetch_sub(&gate->sleepers, 1);
  pthread_mutex_unlock(&gate->mutex);
}
#endif

/** Waits until the gate has been opened since `generation`. */
static inline void gate_wait(gate *gate, int generation) {
  const int64_t spin = atomic_load_explicit(&gate->spin, memory_order_relaxed);
  int64_t end = 0;
  for (int pauses = 1; atomic_load_explicit(&gate->generation, memory_order_acquire) == generation; pauses++) {
    if (pauses % PAUSES_PER_LOOK_AT_THE_CLOCK == 0) {
      const int64_t now = nanoseconds();
      if (end == 0) end = now + spin;
      if (now >= end) {
        if (spin > MIN_SPIN_NANOSECONDS) atomic_store_explicit(&gate->spin, spin / 2, memory_order_relaxed);
        return gate_sleep(gate, generation);
      }
    }
    pause_briefly();
  }
  if (spin < MAX_SPIN_NANOSECONDS) atomic_store_explicit(&gate->spin, 2 * spin, memory_order_relaxed);
}

#endif
