/** Global and local memory and parameters: bounds, alignment, and whether what is read has been written. */
#include <string.h>

#include "machine.h"

void check_alignment(warp *w, const instruction *i, const uint64_t *address, unsigned bytes, const char *memory) {
  uint64_t bits = 0;
  for (int l = 0; l < LANES; l++) bits |= address[l];
  if (LIKELY(!(bits & (bytes - 1)))) return;
  EACH_ACTIVE(w, l)
    if (address[l] & (bytes - 1))
      fail(w, i, l, "%u bytes at 0x%llx of %s, which is not a multiple of %u", bytes, (unsigned long long)address[l],
           memory, bytes);
}

/** The allocation of an address: one of those met lately, a variable of the module, or one that the owner knows. */
static const ptx_allocation *find(warp *w, uint64_t address) {
  for (int k = 0; k < 4; k++)
    if (address >= w->recent[k].begin && address < w->recent[k].end) return &w->recent[k];
  ptx_allocation found = {0};
  const ptx_module *m = w->kernel->module;
  for (unsigned v = 0; v < m->variable_count; v++) {
    uint64_t begin = (uint64_t)(uintptr_t)m->variables[v].data;
    if (address >= begin && address < begin + m->variables[v].bytes)
      found = (ptx_allocation){begin, begin + m->variables[v].bytes, m->variables[v].written};
  }
  const ptx_memory *memory = w->block->memory;
  if (!found.end && !memory->find(memory->context, address, &found)) return NULL;
  w->oldest = (w->oldest + 1) % 4;
  w->recent[w->oldest] = found;
  return &w->recent[w->oldest];
}

static const char *verb(access how) { return how == READ ? "reads" : how == WRITE ? "writes" : "changes"; }

static const ptx_allocation *find_lane(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes,
                                       access how) {
  const ptx_allocation *a = find(w, address);
  if (!a)
    fail(w, i, lane, "%s %u bytes at 0x%llx of global memory, which lie in no allocation", verb(how), bytes,
         (unsigned long long)address);
  if (bytes > a->end - address)
    fail(w, i, lane, "%s %u bytes at 0x%llx, which is %llu bytes before the end of its allocation of %llu", verb(how),
         bytes, (unsigned long long)address, (unsigned long long)(a->end - address),
         (unsigned long long)(a->end - a->begin));
  return a;
}

static inline int all_written(const uint8_t *written, size_t bytes) {
  size_t n = 0;
  uint64_t word = 0;
  if (bytes == 4) {
    uint32_t half;
    memcpy(&half, written, 4);
    return !((half - 0x01010101u) & ~half & 0x80808080u);
  }
  for (; n + 8 <= bytes; n += 8) {
    memcpy(&word, written + n, 8);
    if ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) return 0;
  }
  for (; n < bytes; n++)
    if (!written[n]) return 0;
  return 1;
}

_Noreturn static void report_unwritten(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes,
                                       access how, const ptx_allocation *a) {
  fail(w, i, lane, "%s %u bytes at 0x%llx of global memory (%llu bytes into its allocation), which nobody has written",
       verb(how), bytes, (unsigned long long)address, (unsigned long long)(address - a->begin));
}

static void visit(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes, access how) {
  const ptx_allocation *a = find_lane(w, i, lane, address, bytes, how);
  if (!a->written) return;
  uint8_t *written = a->written + (address - a->begin);
  if (how == WRITE) memset(written, 1, bytes);
  else if (!all_written(written, bytes)) report_unwritten(w, i, lane, address, bytes, how, a);
}

void read_global_lane(warp *w, const instruction *i, unsigned lane, uint64_t address, unsigned bytes) {
  visit(w, i, lane, address, bytes, READ);
}

/** All lanes are near one another: one look-up for the warp. Returns 0 if they are not, or something is wrong. */
static int visit_together(warp *w, const uint64_t *address, unsigned bytes, access how) {
  uint64_t first = address[0], differs = 0, low = first, high = first;
  for (uint64_t l = 0; l < LANES; l++) {
    differs |= address[l] ^ (first + l * bytes);
    low = address[l] < low ? address[l] : low;
    high = address[l] > high ? address[l] : high;
  }
  const ptx_allocation *a = find(w, low);
  if (!a || high >= a->end || bytes > a->end - high) return 0;
  if (!a->written) return 1;
  uint8_t *const written = a->written;
  const uint64_t begin = a->begin;
  if (!differs) {
    if (how != WRITE) return all_written(written + (first - begin), (size_t)bytes * LANES);
    memset(written + (first - begin), 1, (size_t)bytes * LANES);
  } else if (how == WRITE) {
    for (int l = 0; l < LANES; l++) memset(written + (address[l] - begin), 1, bytes);
  } else {
    for (int l = 0; l < LANES; l++)
      if (!all_written(written + (address[l] - begin), bytes)) return 0;
  }
  return 1;
}

void access_global(warp *w, const instruction *i, const uint64_t *address, unsigned bytes, access how,
                   int is_strong) {
  check_alignment(w, i, address, bytes, "global memory");
  if (!LIKELY(visit_together(w, address, bytes, how))) EACH_ACTIVE(w, l) visit(w, i, l, address[l], bytes, how);
  touch_global(w, i, address, bytes, how, is_strong);
}

void access_local(warp *w, const instruction *i, uint64_t *address, unsigned bytes, access how) {
  const size_t size = w->kernel->local_bytes;
  check_alignment(w, i, address, bytes, "local memory");
  EACH_ACTIVE(w, l) {
    if (address[l] > size || bytes > size - address[l])
      fail(w, i, l, "%s %u bytes at 0x%llx of local memory, of which a thread has %zu bytes", verb(how), bytes,
           (unsigned long long)address[l], size);
    size_t at = l * size + address[l];
    if (how == WRITE) memset(w->local_written + at, 1, bytes);
    else if (!all_written(w->local_written + at, bytes))
      fail(w, i, l, "reads byte 0x%llx of local memory, which the thread has not written",
           (unsigned long long)address[l]);
    address[l] = (uint64_t)(uintptr_t)(w->local + at);
  }
}

void access_parameters(warp *w, const instruction *i, uint64_t *address, unsigned bytes) {
  const size_t size = w->kernel->parameter_bytes;
  EACH_ACTIVE(w, l) {
    if (address[l] > size || bytes > size - address[l])
      fail(w, i, l, "reads %u bytes at 0x%llx of the parameters, which have %zu bytes", bytes,
           (unsigned long long)address[l], size);
    address[l] += (uint64_t)(uintptr_t)w->block->parameters;
  }
}
