/**
 * Shared memory. For each granule it is kept who wrote it last, and two who read it since, of different warps; each
 * with the time of its warp. Warps have vector clocks: barriers tell them of each other's time, and a warp's own time
 * goes on at each instruction for which its lanes gather. Two accesses that no clock orders are a race, unless neither
 * writes or both are atomic or of one thread.
 */
#include "touch.h"

/** A copy is on its way to it. */
#define PENDING ((touch)1 << 12)
/** Nothing comes after that time, which bytes have that nobody has written, and those that a copy is on its way to. */
#define LATER ((touch)0xffffffff << 32)

void forget_touches(block *b) {
  size_t count = (b->shared_bytes >> b->granule_shift) + 1;
  for (size_t g = 0; g < count; g++) b->granules[g] = (granule){.writer = LATER};
}

_Noreturn static void report_race(warp *w, const instruction *i, unsigned lane, size_t g, const char *does, touch t,
                                  const char *did) {
  const block *b = w->block;
  fail(w, i, lane, "race on shared memory: %s byte 0x%zx, which %s %s at %s, with no %s between them", does,
       g << b->granule_shift, thread_text(b, WARP(t), LANE(t)), did, place_text(b->kernel, PC(t)),
       WARP(t) == w->index ? "__syncwarp or barrier" : "barrier");
}

/** The last write is not known to be done: is it a race, or has it not been there at all? */
__attribute__((noinline)) static void check_writer(warp *w, const instruction *i, unsigned lane, size_t g, touch flags,
                                                   const char *does) {
  const block *b = w->block;
  touch t = b->granules[g].writer;
  if (t & PENDING)
    fail(w, i, lane,
         "%s byte 0x%zx of shared memory, to which the copy of %s at %s is still under way: its wait is missing", does,
         g << b->granule_shift, thread_text(b, WARP(t), LANE(t)), place_text(b->kernel, PC(t)));
  if (t == LATER) {
    if (*does != 'w')
      fail(w, i, lane, "%s byte 0x%zx of shared memory, which nobody has written", does, g << b->granule_shift);
  } else if (!is_own(w, t, lane) && !(t & flags & STRONG)) {
    report_race(w, i, lane, g, does, t, "wrote");
  }
}

static inline void check_readers(warp *w, const instruction *i, unsigned lane, size_t g, touch flags) {
  for (int r = 0; r < 2; r++) {
    touch t = w->block->granules[g].readers[r];
    if (LIKELY(is_ordered(w, t)) || (t & flags & STRONG) || (is_own(w, t, lane) && !(t & SEVERAL))) continue;
    report_race(w, i, lane, g, "writes", t, "reads");
  }
}

/** Two readers are kept, of different warps: whoever writes next, one of them is another. */
static inline void note_reader(const warp *w, granule *g, touch now, unsigned lane) {
  for (touch *t = g->readers;; t++) {
    if (is_ordered(w, *t)) *t = now | lane;
    else if (WARP(*t) == w->index) *t = now | lane | (LANE(*t) != lane ? SEVERAL : *t & SEVERAL);
    else if (t == g->readers) continue;
    else *t = now | lane;
    return;
  }
}

static inline void read_granules(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes,
                                 touch now) {
  const block *b = w->block;
  const size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) {
    granule *at = &b->granules[g];
    if (!LIKELY(is_ordered(w, at->writer))) check_writer(w, i, lane, g, now, "reads");
    note_reader(w, at, now, lane);
  }
}

static inline void check_granules(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes,
                                  touch flags, const char *does) {
  const block *b = w->block;
  const size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) {
    if (!LIKELY(is_ordered(w, b->granules[g].writer))) check_writer(w, i, lane, g, flags, does);
    check_readers(w, i, lane, g, flags);
  }
}

static inline void set_writer(const block *b, uint64_t address, unsigned bytes, touch t) {
  const size_t end = (address + bytes - 1) >> b->granule_shift;
  for (size_t g = address >> b->granule_shift; g <= end; g++) b->granules[g].writer = t;
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
  check_granules(w, i, lane, address, bytes, 0, "writes");
  set_writer(w->block, address, bytes, touch_now(w, i, 0) | lane);
}

void begin_copy(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  check_bounds(w, i, lane, address, bytes);
  check_granules(w, i, lane, address, bytes, 0, "writes");
  set_writer(w->block, address, bytes, touch_now(w, i, PENDING) | LATER | lane);
}

void end_copy(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  set_writer(w->block, address, bytes, touch_now(w, i, 0) | lane);
}

void access_shared(warp *w, const instruction *i, uint64_t *address, unsigned bytes, access how, int is_strong) {
  const block *b = w->block;
  const touch flags = is_strong ? STRONG : 0, now = touch_now(w, i, flags);
  check_alignment(w, i, address, bytes, "shared memory");
  uint64_t highest = 0;
  for (int l = 0; l < LANES; l++) highest = address[l] > highest ? address[l] : highest;
  if (!LIKELY(highest + bytes <= b->shared_bytes)) EACH_ACTIVE(w, l) check_bounds(w, i, l, address[l], bytes);
  if (how == READ) {
    EACH_ACTIVE(w, l) read_granules(w, i, l, address[l], bytes, now);
  } else {
    const char *does = how == WRITE ? "writes" : "changes";
    EACH_ACTIVE(w, l) check_granules(w, i, l, address[l], bytes, flags, does);
    EACH_ACTIVE(w, l) set_writer(b, address[l], bytes, now | l);
  }
  for (int l = 0; l < LANES; l++) address[l] += (uint64_t)(uintptr_t)b->shared;
}
