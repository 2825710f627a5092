/**
 * Copies from global to shared memory that go on by themselves (`cp.async`). They land when they are waited for and not
 * before, which the hardware allows too: so a missing wait always shows.
 */
#include <stdlib.h>
#include <string.h>

#include "operations.h"

/** a: from, b: to (a register or constant of `register_bytes`), c: bytes to read, e: a predicate to read nothing. */
static uint64_t target_address(const warp *w, const instruction *i, unsigned lane) {
  const void *to = lanes(w, i->b);
  uint64_t address = i->register_bytes == 8 ? ((const uint64_t *)to)[lane] : ((const uint32_t *)to)[lane];
  return address + (uint64_t)(int64_t)(int32_t)i->target;
}

static unsigned bytes_to_read(warp *w, const instruction *i, unsigned lane) {
  if (i->e != NO_SLOT && (predicate(w, i->e) >> lane & 1)) return 0;
  if (i->c == NO_SLOT) return i->bytes;
  uint32_t bytes = ((const uint32_t *)lanes(w, i->c))[lane];
  if (bytes > i->bytes) fail(w, i, lane, "a copy of %u bytes that reads %u", i->bytes, bytes);
  return bytes;
}

static pending_copy *new_copy(warp *w) {
  if (w->copy_count == w->copy_capacity) {
    w->copy_capacity = w->copy_capacity ? 2 * w->copy_capacity : 256;
    w->copies = realloc(w->copies, w->copy_capacity * sizeof *w->copies);
  }
  pending_copy *c = &w->copies[w->copy_count++];
  memset(c, 0, sizeof *c);
  return c;
}

static void copy_async(warp *w, const instruction *i) {
  uint64_t from[LANES];
  const uint32_t all = w->active;
  uint32_t reading = 0;
  addresses(w, i, from);
  check_alignment(w, i, from, i->bytes, "global memory");
  EACH_ACTIVE(w, l) {
    unsigned bytes = bytes_to_read(w, i, l);
    uint64_t to = target_address(w, i, l);
    if (to % i->bytes)
      fail(w, i, l, "%u bytes at 0x%llx of shared memory, which is not a multiple of %u", i->bytes,
           (unsigned long long)to, i->bytes);
    if (bytes) read_global_lane(w, i, l, from[l], bytes), reading |= 1u << l;
    begin_copy(w, i, l, to, i->bytes);
    pending_copy *c = new_copy(w);
    c->to = (uint32_t)to;
    c->bytes = i->bytes;
    c->lane = (uint8_t)l;
    c->group = w->committed[l];
    memcpy(c->data, (const void *)(uintptr_t)from[l], bytes);
  }
  w->active = reading;
  touch_global(w, i, from, i->bytes, READ, 0);
  w->active = all;
}

static void commit(warp *w, const instruction *i) {
  (void)i;
  EACH_ACTIVE(w, l) w->committed[l]++;
}

/** Lands all but the last groups, `target` of them, of each lane; all, committed or not, if the form says so. */
static void wait(warp *w, const instruction *i) {
  unsigned kept = 0;
  for (unsigned n = 0; n < w->copy_count; n++) {
    pending_copy *c = &w->copies[n];
    int lands = (w->active >> c->lane & 1) && (i->form || c->group + i->target < w->committed[c->lane]);
    if (!lands) {
      w->copies[kept++] = *c;
      continue;
    }
    memcpy(w->block->shared + c->to, c->data, c->bytes);
    end_copy(w, i, c->lane, c->to, c->bytes);
  }
  w->copy_count = kept;
}

static int decode_start(parser *p, const statement *s) {
  if (s->count < 3 || s->operands[2].kind != INTEGER || s->operands[0].kind != ADDRESS) return 0;
  instruction i = new_instruction(p, s), to = i;
  i.run = copy_async;
  i.bytes = (uint8_t)s->operands[2].integer;
  if (i.bytes != 4 && i.bytes != 8 && i.bytes != 16) return 0;
  place_address(p, s, &s->operands[0], &to);
  place_address(p, s, &s->operands[1], &i);
  i.b = to.a;
  i.register_bytes = (uint8_t)(to.form & 15);
  i.target = (uint32_t)to.offset;
  if (s->count > 3) {
    const operand *o = &s->operands[3];
    if (o->is_predicate) i.e = predicate_source(p, s, o);
    else if (o->kind == INTEGER || o->bytes == 4) i.c = source(p, s, o, 4);
    else if (!has(s, "L2::cache_hint")) return 0;
  }
  note_access(p, GENERIC, i.bytes);
  append(p, &i);
  return 1;
}

int decode_copy(parser *p, const statement *s) {
  if (!is(s, "cp") || !has(s, "async") || has(s, "bulk")) return 0;
  instruction i = new_instruction(p, s);
  if (has(s, "commit_group")) i.run = commit;
  else if (has(s, "wait_all")) i.run = wait, i.form = 1;
  else if (has(s, "wait_group") && s->count == 1 && s->operands[0].kind == INTEGER)
    i.run = wait, i.target = (uint32_t)s->operands[0].integer;
  else return (has(s, "ca") || has(s, "cg")) && has(s, "shared") | has(s, "shared::cta") ? decode_start(p, s) : 0;
  append(p, &i);
  return 1;
}
