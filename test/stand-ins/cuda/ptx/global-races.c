/**
 * Races on global memory. For each granule that a launch touches it is kept who wrote it last and who read it last: the
 * block, and within it the thread and its time, as for shared memory (races.c). Blocks are not ordered at all, but for
 * those that have done something atomic on global memory: they may have told each other to go on.
 */
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "touch.h"

#define PAGE_BITS 12
/** Another block has read it too. */
#define FOREIGN ((touch)1 << 12)

typedef struct page page;
struct page {
  uint64_t number;
  page *next;
  touch *writer, *reader;
  /** Their blocks' numbers, from 1 on; 0: nobody. */
  uint32_t *writer_block, *reader_block;
};

#define BUCKETS 4096

struct shadow {
  page *buckets[BUCKETS];
  page *recent;
  unsigned shift;
  /** For each block, whether it has done something atomic. */
  uint8_t *has_synchronised;
};

shadow *make_shadow(unsigned granule, uint64_t blocks) {
  shadow *s = calloc(1, sizeof *s);
  s->shift = (unsigned)__builtin_ctz(granule);
  s->has_synchronised = calloc(blocks + 1, 1);
  return s;
}

void free_shadow(shadow *s) {
  for (int n = 0; n < BUCKETS; n++)
    for (page *p = s->buckets[n], *next; p; p = next) next = p->next, free(p);
  free(s->has_synchronised);
  free(s);
}

static page *page_of(shadow *s, uint64_t address) {
  const uint64_t number = address >> PAGE_BITS;
  if (LIKELY(s->recent && s->recent->number == number)) return s->recent;
  page **at = &s->buckets[number % BUCKETS];
  for (page *p = *at; p; p = p->next)
    if (p->number == number) return s->recent = p;
  const size_t count = (size_t)1 << (PAGE_BITS - s->shift);
  page *p = calloc(1, sizeof *p + count * 2 * (sizeof(touch) + sizeof(uint32_t)));
  p->number = number;
  p->writer = (touch *)(p + 1);
  p->reader = p->writer + count;
  p->writer_block = (uint32_t *)(p->reader + count);
  p->reader_block = p->writer_block + count;
  p->next = *at;
  return *at = s->recent = p;
}

_Noreturn static void report(warp *w, const instruction *i, unsigned lane, uint64_t address, const char *does, touch t,
                             uint32_t number, const char *did) {
  const block *b = w->block;
  const uint32_t n = number - 1;
  fail(w, i, lane,
       "race on global memory: %s 0x%llx, which block (%u,%u,%u) %s %s at %s, with nothing between to order them", does,
       (unsigned long long)address, n % b->grid[0], n / b->grid[0] % b->grid[1], n / b->grid[0] / b->grid[1],
       thread_text(b, WARP(t), LANE(t)), did, place_text(b->kernel, PC(t)));
}

/** Whether what was done by that block and thread is known to be done. */
static inline int is_before(const warp *w, unsigned lane, touch t, uint32_t number) {
  const block *b = w->block;
  if (number == b->number) return is_ordered(w, t) || (is_own(w, t, lane) && !(t & SEVERAL));
  return b->shadow->has_synchronised[number] && b->shadow->has_synchronised[b->number];
}

static inline void check_writer(warp *w, const instruction *i, unsigned lane, const page *p, size_t g, touch now,
                                const char *does) {
  const uint32_t number = p->writer_block[g];
  if (LIKELY(!number) || is_before(w, lane, p->writer[g], number) || (p->writer[g] & now & STRONG)) return;
  report(w, i, lane, (p->number << PAGE_BITS) + (g << w->block->shadow->shift), does, p->writer[g], number, "wrote");
}

static inline void check_reader(warp *w, const instruction *i, unsigned lane, const page *p, size_t g, touch now) {
  const uint32_t number = p->reader_block[g];
  const touch t = p->reader[g];
  if (LIKELY(!number) || (t & now & STRONG)) return;
  if ((t & FOREIGN) && !w->block->shadow->has_synchronised[w->block->number])
    fail(w, i, lane, "race on global memory: writes 0x%llx, which threads of other blocks read, one at %s",
         (unsigned long long)((p->number << PAGE_BITS) + (g << w->block->shadow->shift)), place_text(w->kernel, PC(t)));
  if (is_before(w, lane, t, number)) return;
  report(w, i, lane, (p->number << PAGE_BITS) + (g << w->block->shadow->shift), "writes", t, number, "reads");
}

static inline void note_reader(const warp *w, page *p, size_t g, touch now, unsigned lane) {
  const uint32_t number = p->reader_block[g];
  const touch t = p->reader[g];
  touch flags = 0;
  if (number == w->block->number) {
    flags = t & FOREIGN;
    if (!is_ordered(w, t)) flags |= is_own(w, t, lane) ? t & SEVERAL : SEVERAL;
  } else if (number) {
    flags = FOREIGN;
  }
  p->reader[g] = now | lane | flags;
  p->reader_block[g] = w->block->number;
}

#define EACH_GRANULE(address, bytes) \
  const size_t first_ = ((address) & ((1u << PAGE_BITS) - 1)) >> s->shift, last_ = first_ + ((bytes - 1) >> s->shift); \
  for (size_t g = first_; g <= last_; g++)

void touch_global(warp *w, const instruction *i, const uint64_t *address, unsigned bytes, access how, int is_strong) {
  shadow *s = w->block->shadow;
  const touch now = touch_now(w, i, is_strong ? STRONG : 0);
  if (how == READ) {
    EACH_ACTIVE(w, l) {
      page *p = page_of(s, address[l]);
      EACH_GRANULE(address[l], bytes) {
        check_writer(w, i, l, p, g, now, "reads");
        note_reader(w, p, g, now, l);
      }
    }
    return;
  }
  EACH_ACTIVE(w, l) {
    const page *p = page_of(s, address[l]);
    EACH_GRANULE(address[l], bytes) {
      check_writer(w, i, l, p, g, now, "writes");
      check_reader(w, i, l, p, g, now);
    }
  }
  EACH_ACTIVE(w, l) {
    page *p = page_of(s, address[l]);
    EACH_GRANULE(address[l], bytes) {
      p->writer[g] = now | l;
      p->writer_block[g] = w->block->number;
    }
  }
  if (how == ATOMIC) s->has_synchronised[w->block->number] = 1;
}
