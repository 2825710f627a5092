/**
 * One warp: the lanes that stand at the smallest pc go on, until they meet others or wait for them. So lanes that part
 * at a branch come together again where the code does.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"

/** After so many instructions, a warp lets others go on: it may wait for what they write. */
#define SHARE 200000u
/** More than any kernel needs: a loop that does not end. */
#define BUDGET ((uint64_t)1 << 24)

static uint32_t runnable(const warp *w) { return w->alive & ~w->waiting & ~w->group; }

static void note_others(warp *w) {
  uint32_t smallest = UINT32_MAX;
  for (uint32_t left = runnable(w); left; left &= left - 1) {
    uint32_t pc = w->lane_pc[__builtin_ctz(left)];
    if (pc < smallest) smallest = pc;
  }
  w->others_pc = smallest;
}

static void park(warp *w, uint32_t lanes, uint32_t pc) {
  for (; lanes; lanes &= lanes - 1) w->lane_pc[__builtin_ctz(lanes)] = pc;
}

static uint32_t lanes_at(const warp *w, uint32_t among, uint32_t pc) {
  uint32_t result = 0;
  for (; among; among &= among - 1) {
    unsigned l = (unsigned)__builtin_ctz(among);
    if (w->lane_pc[l] == pc) result |= 1u << l;
  }
  return result;
}

/** The lanes that an instruction needs, for one of them. */
static uint32_t needed(const warp *w, const instruction *i, unsigned lane) {
  return w->alive & (i->gathering == GATHER_WARP ? ALL_LANES : ((const uint32_t *)lanes(w, i->mask))[lane]);
}

/** Those of the lanes whose mask is complete among them. */
static uint32_t complete(const warp *w, const instruction *i, uint32_t here) {
  uint32_t result = 0;
  for (uint32_t left = here; left; left &= left - 1) {
    unsigned l = (unsigned)__builtin_ctz(left);
    if (!(needed(w, i, l) & ~here)) result |= 1u << l;
  }
  return result;
}

_Noreturn static void report_deadlock(warp *w) {
  unsigned lane = (unsigned)__builtin_ctz(w->waiting);
  uint32_t pc = w->lane_pc[lane];
  const instruction *i = &w->kernel->code[pc];
  uint32_t missing = needed(w, i, lane) & ~lanes_at(w, w->waiting, pc);
  unsigned other = (unsigned)__builtin_ctz(missing);
  w->pc = pc + 1;
  fail(w, i, lane, "diverged: waits for %s, which waits at %s", thread_text(w->block, w->index, other),
       place_text(w->kernel, w->lane_pc[other]));
}

/** The current group is empty: the next lanes to go on, if any. */
static void choose_group(warp *w) {
  note_others(w);
  if (w->others_pc == UINT32_MAX && w->waiting) {
    // lanes that have ended since are no longer waited for
    for (uint32_t left = w->waiting; left; left &= left - 1) {
      uint32_t pc = w->lane_pc[__builtin_ctz(left)], here = lanes_at(w, w->waiting, pc);
      if (!complete(w, &w->kernel->code[pc], here)) continue;
      w->waiting &= ~here;
      w->others_pc = pc;
      break;
    }
    if (w->others_pc == UINT32_MAX) report_deadlock(w);
  }
  if (w->others_pc == UINT32_MAX) {
    w->state = ENDED;
    return;
  }
  w->pc = w->others_pc;
  w->group = lanes_at(w, runnable(w), w->pc);
  note_others(w);
}

/** The group has come to where others stand, or has gone past them. */
static void regroup(warp *w) {
  if (w->pc > w->others_pc) {
    park(w, w->group, w->pc);
    w->pc = w->others_pc;
    w->group = 0;
  }
  w->group |= lanes_at(w, runnable(w), w->pc);
  note_others(w);
}

void branch(warp *w, uint32_t target) {
  if (w->active == w->group) {
    w->pc = target;
    return;
  }
  park(w, w->active, target);
  w->group &= ~w->active;
  note_others(w);
}

void end_lanes(warp *w) {
  EACH_ACTIVE(w, l) w->end_pc[l] = w->pc - 1;
  w->alive &= ~w->active;
  w->group &= ~w->active;
  if (!w->group) choose_group(w);
}

/**
 * The active lanes have come to an instruction that others must come to as well. Makes those active whose others are
 * all there; the rest wait. Returns 0 if none can go on; then the warp's pc has changed.
 */
static int gather(warp *w, const instruction *i) {
  uint32_t pc = w->pc, passing = w->group & ~w->active;
  uint32_t here = w->active | lanes_at(w, w->waiting, pc);
  if (i->gathering == GATHER_MASK) {
    const uint32_t *mask = lanes(w, i->mask);
    EACH_ACTIVE(w, l) if (!(mask[l] >> l & 1)) fail(w, i, l, "its mask 0x%08x leaves the thread itself out", mask[l]);
  }
  uint32_t ready = complete(w, i, here);
  w->waiting = (w->waiting | here) & ~ready;
  park(w, here & ~ready, pc);
  if (ready) {
    w->active = ready;
    w->group = ready | passing;
    return 1;
  }
  w->group = passing;
  w->pc = pc + 1;
  if (!w->group) choose_group(w);
  return 0;
}

/** Whether all lanes are there and name one another. */
static inline int is_gathered(const warp *w, const instruction *i) {
  if (w->active != ALL_LANES) return 0;
  if (i->gathering == GATHER_WARP) return 1;
  const uint32_t *mask = lanes(w, i->mask);
  uint32_t all = ALL_LANES;
  for (int l = 0; l < LANES; l++) all &= mask[l];
  return all == ALL_LANES;
}

static void check_budget(warp *w) {
  if (w->done > BUDGET)
    fail(w, &w->kernel->code[w->pc], (unsigned)__builtin_ctz(w->group),
         "does not end: more than %llu instructions of a warp", (unsigned long long)BUDGET);
}

void run_warp(warp *w) {
  const instruction *code = w->kernel->code;
  uint64_t end = w->done + SHARE;
  while (w->state == RUNNING) {
    if (w->pc >= w->others_pc) regroup(w);
    const instruction *i = &code[w->pc];
    w->active = w->group;
    if (i->guard != NO_SLOT) w->active &= predicate(w, i->guard) ^ (i->guard_negated ? ALL_LANES : 0);
    if (w->active) {
      if (i->gathering && !is_gathered(w, i) && !gather(w, i)) continue;
      w->pc++;
      i->run(w, i);
    } else {
      w->pc++;
    }
    if (++w->done >= end) break;
  }
  if (w->state == RUNNING) check_budget(w);
}
