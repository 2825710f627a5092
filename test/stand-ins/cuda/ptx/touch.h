/** A touch of memory: who, when, and at which instruction. */
#pragma once
#include "machine.h"

/* 32 bits time, 19 bits pc, then flags, warp and lane. 0: never. */
#define LANE(t) ((unsigned)(t) & 31)
#define WARP(t) ((unsigned)((t) >> 5) & 31)
/** Lanes of its warp have read it, not only the one named. */
#define SEVERAL ((touch)1 << 10)
/** Atomic, volatile, or ordered: no race with another such. */
#define STRONG ((touch)1 << 11)
#define PC(t) ((uint32_t)((t) >> 13) & 0x7ffff)
#define TIME(t) ((uint32_t)((t) >> 32))

static inline touch touch_now(const warp *w, const instruction *i, touch flags) {
  uint32_t pc = (uint32_t)(i - w->kernel->code);
  return (touch)(w->known[w->index] + 1) << 32 | (touch)(pc & 0x7ffff) << 13 | flags | w->index << 5;
}

/** Whether the warp knows that it is done. */
static inline int is_ordered(const warp *w, touch t) { return TIME(t) <= w->known[WARP(t)]; }
static inline int is_own(const warp *w, touch t, unsigned lane) { return WARP(t) == w->index && LANE(t) == lane; }
