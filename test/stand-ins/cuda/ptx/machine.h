/** The state of a block of threads while it is executed. */
#pragma once
#include <setjmp.h>

#include "program.h"
#include "special.h"

/** Who did something to a granule of shared memory, and when: see races.c. */
typedef uint64_t touch;
typedef struct {
  touch writer, readers[2];
} granule;

/** Who touched what of global memory in a launch: see global-races.c. */
typedef struct shadow shadow;

#define LIKELY(condition) __builtin_expect(!!(condition), 1)

typedef enum { RUNNING, AT_BARRIER, ENDED } warp_state;

/** A copy from global to shared memory that lands when it is waited for. */
typedef struct {
  uint32_t to;
  /** How many groups its thread had committed before. */
  uint32_t group;
  uint8_t bytes, lane;
  uint8_t data[16];
} pending_copy;

typedef struct block block;

struct warp {
  /** The lanes that do the current instruction. */
  uint32_t active;
  /** The lanes that stand at `pc`. */
  uint32_t group, pc;
  /** The smallest pc of the other lanes that can run; UINT32_MAX if there are none. */
  uint32_t others_pc;
  /** Lanes that have not ended, and those of them which wait for others to gather. */
  uint32_t alive, waiting;
  uint8_t *registers;
  const uint8_t *constants;
  const ptx_kernel *kernel;
  block *block;
  unsigned index;
  warp_state state;
  unsigned barrier;
  uint32_t barrier_pc;
  uint32_t lane_pc[LANES];
  uint32_t end_pc[LANES];
  /** Lanes that have threads. */
  uint32_t lanes;
  uint64_t done;
  /** What warp v did up to its time known[v] is done before what this warp does now. Its own time: known[index] + 1. */
  uint32_t known[MAX_WARPS];
  /** Local memory: lane after lane; and whether it has been written. */
  uint8_t *local, *local_written;
  ptx_allocation recent[4];
  unsigned oldest;
  /** Copies under way, in order, and the groups that each lane has committed. */
  pending_copy *copies;
  unsigned copy_count, copy_capacity;
  uint32_t committed[LANES];
};

typedef struct {
  uint32_t arrived;
  uint32_t expected;
  uint32_t warps;
  uint32_t ones, reduction;
  uint32_t known[MAX_WARPS];
} barrier;

#define MAX_BARRIERS 16

struct block {
  const ptx_kernel *kernel;
  const ptx_memory *memory;
  const void *parameters;
  uint32_t id[3], size[3], grid[3];
  /** Its place in the order of blocks, from 1 on. */
  uint32_t number;
  unsigned threads, warp_count;
  warp *warps;
  uint8_t *shared;
  size_t shared_bytes;
  unsigned granule_shift;
  granule *granules;
  shadow *shadow;
  barrier barriers[MAX_BARRIERS];
  char *message;
  jmp_buf failed;
};

static inline void *lanes(const warp *w, slot s) {
  return (s & CONSTANT ? (uint8_t *)w->constants : w->registers) + (s & ~CONSTANT);
}
static inline uint32_t predicate(const warp *w, slot s) { return *(const uint32_t *)lanes(w, s); }
static inline void set_predicate(warp *w, slot s, uint32_t value) {
  uint32_t *p = lanes(w, s);
  *p = (*p & ~w->active) | (value & w->active);
}
#define EACH_ACTIVE(w, l) \
  for (uint32_t left_ = (w)->active, l; left_ && (l = (uint32_t)__builtin_ctz(left_), 1); left_ &= left_ - 1)

/** Ends the launch with a message that names kernel, lines and thread. */
_Noreturn void fail(warp *, const instruction *, unsigned lane, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** "line 12 (x.cu:3)" of an instruction; several texts may be in use at a time. */
const char *place_text(const ptx_kernel *, uint32_t pc);
const char *thread_text(const block *, unsigned warp, unsigned lane);

/** Ends the active lanes. */
void end_lanes(warp *);
/** The active lanes go to another instruction. */
void branch(warp *, uint32_t target);
/** A point at which the lanes of the warp wait for one another: what they did before is done for all. */
static inline void tick(warp *w) { w->known[w->index]++; }

/* memory.c */
typedef enum { READ, WRITE, ATOMIC } access;
/* In these, the addresses of lanes that are not active are those of one that is. */
/** Global memory: each lane's bytes must be aligned, in one allocation, and written if they are read. */
void access_global(warp *, const instruction *, const uint64_t *address, unsigned bytes, access, int is_strong);
void read_global_lane(warp *, const instruction *, unsigned lane, uint64_t address, unsigned bytes);
/** Local memory and parameters: makes the host's addresses of the lanes' offsets. */
void access_local(warp *, const instruction *, uint64_t *address, unsigned bytes, access);
void access_parameters(warp *, const instruction *, uint64_t *address, unsigned bytes);
void check_alignment(warp *, const instruction *, const uint64_t *address, unsigned bytes, const char *memory);

/* global-races.c */
shadow *make_shadow(unsigned granule, uint64_t blocks);
void free_shadow(shadow *);
void touch_global(warp *, const instruction *, const uint64_t *address, unsigned bytes, access, int is_strong);

/* races.c */
/** Nobody has touched the block's shared memory. */
void forget_touches(block *);
/** Shared memory; the addresses become the host's. `is_strong`: volatile, or ordered with other strong accesses. */
void access_shared(warp *, const instruction *, uint64_t *address, unsigned bytes, access, int is_strong);
void read_shared_lane(warp *, const instruction *, unsigned lane, uint64_t address, unsigned bytes);
void write_shared_lane(warp *, const instruction *, unsigned lane, uint64_t address, unsigned bytes);
/** A copy to shared memory is under way: nobody may touch its bytes until it lands. */
void begin_copy(warp *, const instruction *, unsigned lane, uint64_t address, unsigned bytes);
void end_copy(warp *, const instruction *, unsigned lane, uint64_t address, unsigned bytes);

/** Runs until the warp waits at a barrier, has ended, or has done its share. */
void run_warp(warp *);
/** All of the warp's threads come to a barrier; `expected` threads complete it. */
void arrive(warp *, const instruction *, unsigned id, uint32_t expected, int waits);
