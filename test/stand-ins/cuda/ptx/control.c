/** Branches, ends, barriers, fences. */
#include "operations.h"

static void jump(warp *w, const instruction *i) { branch(w, i->target); }
static void leave(warp *w, const instruction *i) {
  (void)i;
  end_lanes(w);
}
static void nothing(warp *w, const instruction *i) { (void)w, (void)i; }
static void trap(warp *w, const instruction *i) {
  fail(w, i, (unsigned)__builtin_ctz(w->active), "the kernel gives up (%.*s)", i->opcode_length, i->opcode);
}

/** The lanes whose index is the branch's; the predicate is used by the next instruction alone. */
static void index_is(warp *w, const instruction *i) {
  const uint32_t *a = lanes(w, i->a);
  uint32_t result = 0;
  for (int l = 0; l < LANES; l++) result |= (uint32_t)(a[l] == i->form) << l;
  *(uint32_t *)lanes(w, i->d) = result & w->active;
}

static void no_such_index(warp *w, const instruction *i) {
  unsigned lane = (unsigned)__builtin_ctz(w->active);
  fail(w, i, lane, "an indexed branch to label %u of %u", ((const uint32_t *)lanes(w, i->a))[lane], i->form);
}

/** Of the first active lane. */
static uint32_t uniform(const warp *w, slot s) { return ((const uint32_t *)lanes(w, s))[__builtin_ctz(w->active)]; }

static void barrier_sync(warp *w, const instruction *i) {
  uint32_t id = uniform(w, i->a);
  uint32_t expected = i->b == NO_SLOT ? 0 : uniform(w, i->b);
  arrive(w, i, id, expected, 1);
}

static void barrier_arrive(warp *w, const instruction *i) {
  arrive(w, i, uniform(w, i->a), uniform(w, i->b), 0);
}

/** What a barrier gathered of all threads' predicates; form: popc, and, or. */
static void barrier_result(warp *w, const instruction *i) {
  const barrier *b = &w->block->barriers[uniform(w, i->a)];
  uint32_t all = w->block->threads;
  if (i->form == 0) {
    uint32_t *d = lanes(w, i->d);
    SET_ACTIVE(w, d, b->reduction);
  } else {
    set_predicate(w, i->d, (i->form == 1 ? b->reduction == all : b->reduction != 0) ? ALL_LANES : 0);
  }
}

static void barrier_reduce(warp *w, const instruction *i) {
  barrier *b = &w->block->barriers[uniform(w, i->a) & (MAX_BARRIERS - 1)];
  b->ones += (uint32_t)__builtin_popcount(predicate(w, i->c) & w->active);
  barrier_sync(w, i);
}

static slot threads_operand(parser *p, const statement *s, int n) {
  return n < s->count ? source(p, s, &s->operands[n], 4) : NO_SLOT;
}

static int decode_barrier(parser *p, const statement *s) {
  instruction i = new_instruction(p, s);
  i.gathering = GATHER_WARP;
  int result = has(s, "red");
  if (has(s, "cluster") || s->count < 1 + 2 * result) return 0;
  i.a = source(p, s, &s->operands[result], 4);
  if (has(s, "arrive")) {
    i.run = barrier_arrive;
    i.b = threads_operand(p, s, 1);
    if (i.b == NO_SLOT) return 0;
  } else if (result) {
    i.run = barrier_reduce;
    i.b = s->count == 4 ? threads_operand(p, s, 2) : NO_SLOT;
    i.c = predicate_source(p, s, &s->operands[s->count - 1]);
    append(p, &i);
    instruction after = new_instruction(p, s);
    after.run = barrier_result;
    after.a = i.a;
    after.form = has(s, "popc") ? 0 : has(s, "and") ? 1 : 2;
    after.d = destination(p, s, &s->operands[0], after.form ? 0 : 4);
    append(p, &after);
    return 1;
  } else {
    i.run = barrier_sync;
    i.b = threads_operand(p, s, 1);
  }
  append(p, &i);
  return 1;
}

void append_branch(parser *p, instruction *i, span label) {
  i->run = jump;
  refer_to_label(p, append(p, i), label);
}

void append_exit(parser *p, instruction *i) {
  i->run = leave;
  append(p, i);
}

static void assertion(warp *w, const instruction *i) {
  fail(w, i, (unsigned)__builtin_ctz(w->active), "an assertion of the kernel failed");
}

void append_outside_call(parser *p, const statement *s, span name) {
  if (!span_is(name, "__assertfail"))
    parse_failed(p, "a call of %.*s, which the module does not define, is not supported", (int)name.length, name.at);
  instruction i = new_instruction(p, s);
  i.run = assertion;
  append(p, &i);
}

static int decode_indexed(parser *p, const statement *s) {
  if (s->count != 2 || s->operands[1].symbol < 0) return 0;
  const symbol *labels = &p->symbols[s->operands[1].symbol];
  if (labels->kind != SOME_LABELS) return 0;
  slot index = source(p, s, &s->operands[0], 4), here = temporary_slot(p, 0);
  for (unsigned n = 0; n < labels->count; n++) {
    instruction compare = new_instruction(p, s);
    compare.run = index_is;
    compare.a = index;
    compare.d = here;
    compare.form = n;
    append(p, &compare);
    instruction go = new_instruction(p, s);
    go.guard = here;
    go.guard_negated = 0;
    append_branch(p, &go, labels->labels[n]);
  }
  instruction last = new_instruction(p, s);
  last.run = no_such_index;
  last.a = index;
  last.form = labels->count;
  append(p, &last);
  return 1;
}

int decode_control(parser *p, const statement *s) {
  static const char *const ignored[] = {"membar", "fence", "prefetch", "prefetchu", "nanosleep", "setmaxnreg",
                                        "griddepcontrol", "pmevent", "discard", "applypriority"};
  instruction i = new_instruction(p, s);
  for (size_t k = 0; k < sizeof ignored / sizeof *ignored; k++) {
    if (!is(s, ignored[k])) continue;
    i.run = nothing;
    append(p, &i);
    return 1;
  }
  if (is(s, "bra")) {
    if (s->count != 1 || s->operands[0].kind != SYMBOL) return 0;
    append_branch(p, &i, s->operands[0].name);
    return 1;
  }
  if (is(s, "brx")) return decode_indexed(p, s);
  if (is(s, "ret") || is(s, "exit")) {
    append_exit(p, &i);
    return 1;
  }
  if (is(s, "trap") || is(s, "brkpt")) {
    i.run = trap;
    append(p, &i);
    return 1;
  }
  if ((is(s, "bar") && !has(s, "warp")) || is(s, "barrier")) return decode_barrier(p, s);
  return 0;
}
