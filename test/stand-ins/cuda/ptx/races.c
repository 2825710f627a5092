/**
 * Shared memory. For each granule it is kept who wrote it last, and two who read it since, of different warps; each with
 * the time of its warp. Warps have vector clocks: barriers tell them of each other's time, and a warp's own time goes on at
 * each instruction for which its lanes gather. Two accesses that no clock orders are a race, unless neither writes or both
 * are atomic or of one thread.
 */
#include <string.h>

#include "machine.h"

/* A touch: 32 bits time, 19 bits pc, then flags, warp and lane. 0: never. */
#define LANE(t) ((unsigned)(t) & 31)
#define WARP(t) ((unsigned)((t) >> 5) & 31)
#define SEVERAL ((touch)1 << 10)
#define STRONG ((touch)1 << 11)
#define PENDING ((touch)1 << 12)
#define PC(t) ((uint32_t)((t) >> 13) & 0x7ffff)
#define TIME(t) ((uint32_t)((t) >> 32))

static inline touch touch_now(const warp *w, const instruction *i, touch flags) {
  uint32_t pc = (uint32_t)(i - w->kernel->code);
  return (touch)(w->known[w->index] + 1) << 32 | (touch)(pc & 0x7ffff) << 13 | flags | w->index << 5;
}

static inline int is_ordered(const warp *w, touch t) { return TIME(t) <= w->known[WARP(t)]; }
static inline int is_own(const warp *w, touch t, unsigned lane) { return WARP(t) == w->index && LANE(t) == lane; }

_Noreturn static void report_race(warp *w, const instruction *i, unsigned lane, size_t granule, const char *does, touch t,
                                  const char *did) {
  const block *b = w->block;
  int is_same_warp = WARP(t) == w->index;
  fail(w, i, lane, "race on shared memory: %s byte 0x%zx, which %s %s at %s, with no %s between them", does,
       granule << b->granule_shift, thread_text(b, WARP(t), LANE(t)), did, place_text(b->kernel, PC(t)),
       is_same_warp ? "__syncwarp or barrier" : "barrier");
}

_Noreturn static void report_pending(warp *w, const instruction *i, unsigned lane, size_t granule, const char *does, touch t) {
  const block *b = w->block;
  fail(w, i, lane, "%s byte 0x%zx of shared memory, to which the copy of %s at %s is still under way: its wait is missing",
       does, granule << b->granule_shift, thread_text(b, WARP(t), LANE(t)), place_text(b->kernel, PC(t)));
}

static void check_writer(warp *w, const instruction *i, unsigned lane, size_t g, touch flags, const char *does) {
  touch t = w->block->writers[g];
  if (t & PENDING) report_pending(w, i, lane, g, does, t);
  if (!is_ordered(w, t) && !is_own(w, t, lane) && !(t & flags & STRONG)) report_race(w, i, lane, g, does, t, "wrote");
}

static void check_readers(warp *w, const instruction *i, unsigned lane, size_t g, touch flags) {
  for (int r = 0; r < 2; r++) {
    touch t = w->block->readers[r][g];
    if (!t || is_ordered(w, t) || (t & flags & STRONG)) continue;
    if (is_own(w, t, lane) && !(t & SEVERAL)) continue;
    report_race(w, i, lane, g, "writes", t, "reads");
  }
}

static inline void note_reader(warp *w, size_t g, touch now, unsigned lane) {
  touch *first = &w->block->readers[0][g], *second = &w->block->readers[1][g];
  for (touch *t = first;; t = second) {
    if (WARP(*t) == w->index || !*t || is_ordered(w, *t) || t == second) {
      touch several = 0;
      if (*t && WARP(*t) == w->index && !is_ordered(w, *t)) several = LANE(*t) != lane ? SEVERAL : *t & SEVERAL;
      *t = now | lane | several;
      return;
    }
  }
}

static void read_granules(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes, touch now) {
  const block *b = w->block;
  size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) {
    touch t = b->writers[g];
    if (!t)
      fail(w, i, lane, "reads byte 0x%zx of shared memory, which nobody has written", g << b->granule_shift);
    if (!is_ordered(w, t) || (t & PENDING)) check_writer(w, i, lane, g, now, "reads");
    note_reader(w, g, now, lane);
  }
}

static void check_granules(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes, touch flags) {
  const block *b = w->block;
  size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) {
    check_writer(w, i, lane, g, flags, "writes");
    check_readers(w, i, lane, g, flags);
  }
}

static void set_writer(const block *b, uint64_t address, unsigned bytes, touch t) {
  size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) b->writers[g] = t;
}

static void check_bounds(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  const block *b = w->block;
  if (address > b->shared_bytes || bytes > b->shared_bytes - address)
    fail(w, i, lane, "%u bytes at 0x%llx of shared memory, which has %zu bytes", bytes, (unsigned long long)address,
         b->shared_bytes);
}

void read_shared_lane(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  check_bounds(w, i, lane, address, bytes);
  read_granules(w, i, lane, address, bytes, touch_now(w, i, 0));
}

void write_shared_lane(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  check_bounds(w, i, lane, address, bytes);
  check_granules(w, i, lane, address, bytes, 0);
  set_writer(w->block, address, bytes, touch_now(w, i, 0) | lane);
}

void begin_copy(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  check_bounds(w, i, lane, address, bytes);
  check_granules(w, i, lane, address, bytes, 0);
  set_writer(w->block, address, bytes, touch_now(w, i, PENDING) | lane);
}

void end_copy(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  set_writer(w->block, address, bytes, touch_now(w, i, 0) | lane);
}

void access_shared(warp *w, const instruction *i, uint64_t *address, unsigned bytes, access how, int is_strong) {
  const block *b = w->block;
  const touch flags = is_strong ? STRONG : 0, now = touch_now(w, i, flags);
  check_alignment(w, i, address, bytes, "shared memory");
  EACH_ACTIVE(w, l) check_bounds(w, i, l, address[l], bytes);
  if (how == READ) {
    EACH_ACTIVE(w, l) read_granules(w, i, l, address[l], bytes, now);
  } else {
    EACH_ACTIVE(w, l) {
      if (how == ATOMIC && !b->writers[address[l] >> b->granule_shift])
        fail(w, i, l, "changes byte 0x%llx of shared memory, which nobody has written", (unsigned long long)address[l]);
      check_granules(w, i, l, address[l], bytes, flags);
    }
    EACH_ACTIVE(w, l) set_writer(b, address[l], bytes, now | l);
  }
  for (int l = 0; l < LANES; l++) address[l] += (uint64_t)(uintptr_t)b->shared;
}
