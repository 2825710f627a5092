/** Launches: blocks one after the other, their warps in turn, and barriers between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/** The most that a block may have on sm_90 if it asks for it. */
#define MAX_SHARED (227 * 1024)
#define MAX_THREADS 1024

void arrive(warp *w, const instruction *i, unsigned id, uint32_t expected, int waits) {
  block *b = w->block;
  unsigned lane = (unsigned)__builtin_ctz(w->active);
  if (id >= MAX_BARRIERS) fail(w, i, lane, "barrier %u of %d", id, MAX_BARRIERS);
  if (w->alive != w->lanes) {
    unsigned ended = (unsigned)__builtin_ctz(w->lanes & ~w->alive);
    fail(w, i, lane, "diverged barrier: %s has ended at %s and will not come to it", thread_text(b, w->index, ended),
         place_text(w->kernel, w->end_pc[ended]));
  }
  if (!expected) expected = b->warp_count * LANES;
  barrier *at = &b->barriers[id];
  if (expected % LANES || (at->arrived && at->expected != expected))
    fail(w, i, lane, "barrier %u for %u threads, which others wait at for %u", id, expected, at->expected);
  at->expected = expected;
  at->arrived += LANES;
  for (unsigned v = 0; v < b->warp_count; v++) {
    uint32_t known = w->known[v] + (v == w->index);
    if (known > at->known[v]) at->known[v] = known;
  }
  tick(w);
  if (waits) {
    at->warps |= 1u << w->index;
    w->state = AT_BARRIER;
    w->barrier = id;
    w->barrier_pc = (uint32_t)(i - w->kernel->code);
  }
  if (at->arrived < at->expected) return;
  if (at->arrived > at->expected) fail(w, i, lane, "barrier %u for %u threads has got %u", id, expected, at->arrived);
  for (uint32_t left = at->warps; left; left &= left - 1) {
    warp *u = &b->warps[__builtin_ctz(left)];
    u->state = RUNNING;
    for (unsigned v = 0; v < b->warp_count; v++)
      if (v != u->index && at->known[v] > u->known[v]) u->known[v] = at->known[v];
  }
  at->reduction = at->ones;
  at->ones = at->arrived = at->warps = 0;
}

/** Some warps wait at barriers and none can go on. */
_Noreturn static void report_stuck(block *b) {
  warp *waiting = b->warps;
  while (waiting->state != AT_BARRIER) waiting++;
  const warp *other = NULL;
  for (warp *w = b->warps; w < b->warps + b->warp_count; w++)
    if (w->state == ENDED || w->barrier != waiting->barrier) other = w;
  const instruction *i = &waiting->kernel->code[waiting->barrier_pc];
  unsigned lane = (unsigned)__builtin_ctz(waiting->lanes);
  if (!other)
    fail(waiting, i, lane, "barrier %u waits for %u threads, and only %u can come", waiting->barrier,
         b->barriers[waiting->barrier].expected, b->barriers[waiting->barrier].arrived);
  unsigned first = (unsigned)__builtin_ctz(other->lanes);
  fail(waiting, i, lane, "diverged barrier: waits for warp %u, whose %s %s %s", other->index,
       thread_text(b, other->index, first), other->state == ENDED ? "has ended at" : "waits at",
       place_text(b->kernel, other->state == ENDED ? other->end_pc[first] : other->barrier_pc));
}

static void run_block(block *b) {
  for (;;) {
    int ran = 0, waits = 0;
    for (warp *w = b->warps; w < b->warps + b->warp_count; w++) {
      if (w->state == RUNNING) run_warp(w), ran = 1;
      waits |= w->state == AT_BARRIER;
    }
    if (ran) continue;
    if (waits) report_stuck(b);
    return;
  }
}

static void fill(warp *w, special which, uint32_t value) {
  uint32_t *at = lanes(w, SPECIAL_SLOT(which));
  for (int l = 0; l < LANES; l++) at[l] = value;
}

/** The registers that are the same for all blocks. */
static void set_specials(warp *w) {
  const block *b = w->block;
  memset(w->registers, 0, SPECIAL_SLOT(SPECIAL_COUNT));
  for (uint32_t l = 0; l < LANES; l++) {
    uint32_t t = w->index * LANES + l, bit = 1u << l;
    const struct {
      special which;
      uint32_t value;
    } each[] = {{TID_X, t % b->size[0]}, {TID_Y, t / b->size[0] % b->size[1]}, {TID_Z, t / b->size[0] / b->size[1]},
                {LANEID, l}, {LANEMASK_EQ, bit}, {LANEMASK_LT, bit - 1}, {LANEMASK_LE, bit | (bit - 1)},
                {LANEMASK_GE, ~(bit - 1)}, {LANEMASK_GT, ~(bit | (bit - 1))}};
    for (size_t k = 0; k < sizeof each / sizeof *each; k++)
      ((uint32_t *)lanes(w, SPECIAL_SLOT(each[k].which)))[l] = each[k].value;
  }
  for (unsigned n = 0; n < 3; n++) fill(w, NTID_X + n, b->size[n]), fill(w, NCTAID_X + n, b->grid[n]);
  fill(w, WARPID, w->index);
  fill(w, NWARPID, b->warp_count);
  fill(w, NSMID, 1);
  fill(w, CLUSTER_SIZE, 1);
  fill(w, DYNAMIC_SMEM_SIZE, (uint32_t)(b->shared_bytes - b->kernel->shared_bytes));
  fill(w, TOTAL_SMEM_SIZE, (uint32_t)b->shared_bytes);
}

static void begin_block(block *b) {
  b->number++;
  forget_touches(b);
  memset(b->barriers, 0, sizeof b->barriers);
  for (warp *w = b->warps; w < b->warps + b->warp_count; w++) {
    unsigned threads = b->threads - w->index * LANES;
    w->lanes = threads >= LANES ? ALL_LANES : (1u << threads) - 1;
    w->group = w->alive = w->lanes;
    w->waiting = w->pc = 0;
    w->others_pc = UINT32_MAX;
    w->state = RUNNING;
    w->done = 0;
    w->copy_count = 0;
    memset(w->committed, 0, sizeof w->committed);
    memset(w->known, 0, sizeof w->known);
    memset(w->local_written, 0, LANES * b->kernel->local_bytes);
    for (unsigned n = 0; n < 3; n++) fill(w, CTAID_X + n, b->id[n]);
  }
}

static void *allocate(size_t bytes) {
  bytes = (bytes + 64) / 64 * 64;
  return memset(aligned_alloc(64, bytes), 0, bytes);
}

static void make_warps(block *b) {
  const ptx_kernel *k = b->kernel;
  b->warps = calloc(b->warp_count, sizeof *b->warps);
  for (unsigned n = 0; n < b->warp_count; n++) {
    warp *w = &b->warps[n];
    w->kernel = k;
    w->block = b;
    w->index = n;
    w->constants = k->constants;
    w->registers = allocate(k->register_bytes);
    w->local = allocate(LANES * k->local_bytes);
    w->local_written = allocate(LANES * k->local_bytes);
    set_specials(w);
  }
  b->shared = allocate(b->shared_bytes);
  size_t granules = (b->shared_bytes >> b->granule_shift) + 1;
  b->granules = allocate(granules * sizeof *b->granules);
}

static void free_warps(block *b) {
  for (unsigned n = 0; n < b->warp_count; n++) {
    warp *w = &b->warps[n];
    free(w->registers), free(w->local), free(w->local_written), free(w->copies);
  }
  free(b->warps), free(b->shared), free(b->granules);
  free_shadow(b->shadow);
}

static int check_launch(const ptx_kernel *k, const unsigned grid[3], const unsigned size[3], size_t dynamic,
                        char *message) {
  static const unsigned most_threads[] = {1024, 1024, 64}, most_blocks[] = {0x7fffffff, 65535, 65535};
  size_t threads = (size_t)size[0] * size[1] * size[2], shared = k->shared_bytes + dynamic;
  for (int n = 0; n < 3; n++)
    if (!grid[n] || !size[n] || size[n] > most_threads[n] || grid[n] > most_blocks[n])
      return snprintf(message, PTX_MESSAGE_BYTES, "%s: a launch of %u×%u×%u blocks of %u×%u×%u threads", k->name,
                      grid[0], grid[1], grid[2], size[0], size[1], size[2]);
  size_t limit = k->max_threads ? k->max_threads : MAX_THREADS;
  if (threads > limit)
    return snprintf(message, PTX_MESSAGE_BYTES, "%s: a launch with blocks of %zu threads, of which it may have %zu",
                    k->name, threads, limit);
  if (shared > MAX_SHARED)
    return snprintf(message, PTX_MESSAGE_BYTES,
                    "%s: a launch with %zu bytes of shared memory, of which a block may have %d", k->name, shared,
                    MAX_SHARED);
  return 0;
}

int ptx_launch(const ptx_kernel *k, const unsigned grid[3], const unsigned size[3], size_t dynamic_shared_bytes,
               const void *parameters, const ptx_memory *memory, char *message) {
  *message = 0;
  if (check_launch(k, grid, size, dynamic_shared_bytes, message)) return 1;
  block *b = calloc(1, sizeof *b);
  b->kernel = k;
  b->memory = memory;
  b->parameters = parameters;
  b->message = message;
  b->threads = size[0] * size[1] * size[2];
  b->warp_count = (b->threads + LANES - 1) / LANES;
  b->shared_bytes = k->shared_bytes + dynamic_shared_bytes;
  b->granule_shift = (unsigned)__builtin_ctz(k->shared_granule);
  memcpy(b->size, size, sizeof b->size);
  memcpy(b->grid, grid, sizeof b->grid);
  make_warps(b);
  b->shadow = make_shadow(k->global_granule, (uint64_t)grid[0] * grid[1] * grid[2]);
  int failed = setjmp(b->failed);
  if (!failed) {
    for (b->id[2] = 0; b->id[2] < grid[2]; b->id[2]++)
      for (b->id[1] = 0; b->id[1] < grid[1]; b->id[1]++)
        for (b->id[0] = 0; b->id[0] < grid[0]; b->id[0]++) begin_block(b), run_block(b);
  }
  free_warps(b);
  free(b);
  return failed != 0;
}
