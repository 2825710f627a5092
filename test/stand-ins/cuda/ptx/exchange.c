/** Instructions by which the lanes of a warp exchange values. The machine has gathered the lanes of the mask. */
#include <string.h>

#include "operations.h"

typedef enum { UP, DOWN, BUTTERFLY, INDEX } shuffle;

static unsigned from_lane(shuffle mode, unsigned lane, uint32_t b, uint32_t c, int *is_inside) {
  unsigned distance = b & 31, clamp = c & 31, segment = c >> 8 & 31;
  unsigned first = lane & segment, last = first | (clamp & ~segment);
  int from;
  switch (mode) {
    case UP: from = (int)(lane - distance), *is_inside = from >= (int)last; break;
    case DOWN: from = (int)(lane + distance), *is_inside = from <= (int)last; break;
    case BUTTERFLY: from = (int)(lane ^ distance), *is_inside = from <= (int)last; break;
    default: from = (int)(first | (distance & ~segment)), *is_inside = from <= (int)last;
  }
  return *is_inside ? (unsigned)from : lane;
}

static void shfl(warp *w, const instruction *i) {
  uint32_t *d = lanes(w, i->d), copy[LANES], inside = 0;
  const uint32_t *b = lanes(w, i->b), *c = lanes(w, i->c);
  memcpy(copy, lanes(w, i->a), sizeof copy);
  EACH_ACTIVE(w, l) {
    int is_inside;
    unsigned from = from_lane(i->form, l, b[l], c[l], &is_inside);
    if (!(w->active >> from & 1))
      fail(w, i, l, "takes a value from lane %u, which does not take part in the exchange", from);
    d[l] = copy[from];
    inside |= (uint32_t)is_inside << l;
  }
  if (i->e != NO_SLOT) set_predicate(w, i->e, inside);
  tick(w);
}

typedef enum { ALL, ANY, UNIFORM, BALLOT } vote_kind;

static void vote(warp *w, const instruction *i) {
  const uint32_t yes = predicate(w, i->a), *mask = lanes(w, i->mask);
  uint32_t *d = lanes(w, i->d), result = 0;
  EACH_ACTIVE(w, l) {
    const uint32_t members = mask[l] & w->active, with = yes & members;
    const int holds = i->form == ALL ? with == members : i->form == ANY ? with != 0 : !with || with == members;
    if (i->form == BALLOT) d[l] = with;
    else result |= (uint32_t)holds << l;
  }
  if (i->form != BALLOT) set_predicate(w, i->d, result);
  tick(w);
}

/** The lanes with the same value; form: all must have it. */
static void match(warp *w, const instruction *i) {
  const uint8_t *a = lanes(w, i->a);
  const uint32_t *mask = lanes(w, i->mask);
  uint32_t result[LANES], same_everywhere = 0;
  EACH_ACTIVE(w, l) {
    uint32_t members = mask[l] & w->active;
    result[l] = 0;
    for (uint32_t m = members; m; m &= m - 1) {
      unsigned k = (unsigned)__builtin_ctz(m);
      if (!memcmp(a + k * i->bytes, a + l * i->bytes, i->bytes)) result[l] |= 1u << k;
    }
    if (i->form) {
      if (result[l] != members) result[l] = 0;
      else same_everywhere |= 1u << l;
    }
  }
  uint32_t *d = lanes(w, i->d);
  SET_ACTIVE(w, d, result[l]);
  if (i->e != NO_SLOT) set_predicate(w, i->e, same_everywhere);
  tick(w);
}

typedef enum { SUM, SMALLEST, LARGEST, BITS_AND, BITS_OR, BITS_XOR } reduction;

static uint32_t reduced(reduction how, int is_signed, uint32_t x, uint32_t y) {
  int is_less = is_signed ? (int32_t)x < (int32_t)y : x < y;
  switch (how) {
    case SUM: return x + y;
    case SMALLEST: return is_less ? x : y;
    case LARGEST: return is_less ? y : x;
    case BITS_AND: return x & y;
    case BITS_OR: return x | y;
    default: return x ^ y;
  }
}

static void redux(warp *w, const instruction *i) {
  uint32_t *d = lanes(w, i->d), copy[LANES];
  const uint32_t *mask = lanes(w, i->mask);
  memcpy(copy, lanes(w, i->a), sizeof copy);
  EACH_ACTIVE(w, l) {
    uint32_t members = mask[l] & w->active, result = copy[__builtin_ctz(members)];
    for (members &= members - 1; members; members &= members - 1)
      result = reduced(i->form, i->is_signed, result, copy[__builtin_ctz(members)]);
    d[l] = result;
  }
  tick(w);
}

static void activemask(warp *w, const instruction *i) {
  uint32_t *d = lanes(w, i->d);
  const uint32_t mask = w->active;
  SET_ACTIVE(w, d, mask);
}

/** The first lane of the mask is the one. */
static void elect(warp *w, const instruction *i) {
  const uint32_t *mask = lanes(w, i->mask);
  uint32_t *d = lanes(w, i->d), elected = 0;
  EACH_ACTIVE(w, l) {
    d[l] = (uint32_t)__builtin_ctz(mask[l] & w->active);
    elected |= (uint32_t)(d[l] == l) << l;
  }
  set_predicate(w, i->e, elected);
  tick(w);
}

static void warp_sync(warp *w, const instruction *i) {
  (void)i;
  tick(w);
}

/** Which of the names is among the modifiers; -1 if none is. */
static int which(const statement *s, const char *const *names, int count) {
  for (int k = 0; k < count; k++)
    if (has(s, names[k])) return k;
  return -1;
}

static int decode_shuffle(parser *p, const statement *s) {
  static const char *const modes[] = {"up", "down", "bfly", "idx"};
  int mode = which(s, modes, 4);
  if (mode < 0 || s->count != 5 || !has(s, "sync")) return 0;
  instruction i = new_instruction(p, s);
  i.run = shfl;
  i.form = (uint32_t)mode;
  i.gathering = GATHER_MASK;
  i.d = destination(p, s, &s->operands[0], 4);
  if (s->operands[0].pair >= 0) i.e = destination(p, s, &s->elements[s->operands[0].pair], 0);
  i.a = source(p, s, &s->operands[1], 4);
  i.b = source(p, s, &s->operands[2], 4);
  i.c = source(p, s, &s->operands[3], 4);
  i.mask = source(p, s, &s->operands[4], 4);
  append(p, &i);
  return 1;
}

static int decode_vote(parser *p, const statement *s) {
  static const char *const kinds[] = {"all", "any", "uni", "ballot"};
  int kind = which(s, kinds, 4);
  if (kind < 0 || s->count != 3 || !has(s, "sync")) return 0;
  instruction i = new_instruction(p, s);
  i.run = vote;
  i.form = (uint32_t)kind;
  i.gathering = GATHER_MASK;
  i.d = destination(p, s, &s->operands[0], kind == BALLOT ? 4 : 0);
  i.a = predicate_source(p, s, &s->operands[1]);
  i.mask = source(p, s, &s->operands[2], 4);
  append(p, &i);
  return 1;
}

static int decode_match(parser *p, const statement *s) {
  if (s->count != 3 || s->type_count != 1) return 0;
  instruction i = new_instruction(p, s);
  i.run = match;
  i.form = (uint32_t)has(s, "all");
  i.gathering = GATHER_MASK;
  i.bytes = (uint8_t)type_bytes(s->types[0]);
  i.d = destination(p, s, &s->operands[0], 4);
  if (s->operands[0].pair >= 0) i.e = destination(p, s, &s->elements[s->operands[0].pair], 0);
  i.a = source(p, s, &s->operands[1], i.bytes);
  i.mask = source(p, s, &s->operands[2], 4);
  append(p, &i);
  return 1;
}

static int decode_redux(parser *p, const statement *s) {
  static const char *const kinds[] = {"add", "min", "max", "and", "or", "xor"};
  int kind = which(s, kinds, 6);
  if (kind < 0 || s->count != 3 || s->type_count != 1 || s->types[0] == F32) return 0;
  instruction i = new_instruction(p, s);
  i.run = redux;
  i.form = (uint32_t)kind;
  i.is_signed = s->types[0] == S32;
  i.gathering = GATHER_MASK;
  i.d = destination(p, s, &s->operands[0], 4);
  i.a = source(p, s, &s->operands[1], 4);
  i.mask = source(p, s, &s->operands[2], 4);
  append(p, &i);
  return 1;
}

int decode_warp(parser *p, const statement *s) {
  if (is(s, "shfl")) return decode_shuffle(p, s);
  if (is(s, "vote")) return decode_vote(p, s);
  if (is(s, "match")) return decode_match(p, s);
  if (is(s, "redux")) return decode_redux(p, s);
  instruction i = new_instruction(p, s);
  if (is(s, "activemask") && s->count == 1) {
    i.run = activemask;
    i.d = destination(p, s, &s->operands[0], 4);
  } else if (is(s, "elect") && s->count == 2 && s->operands[0].pair >= 0) {
    i.run = elect;
    i.gathering = GATHER_MASK;
    i.d = destination(p, s, &s->operands[0], 4);
    i.e = destination(p, s, &s->elements[s->operands[0].pair], 0);
    i.mask = source(p, s, &s->operands[1], 4);
  } else if (is(s, "bar") && has(s, "warp") && s->count == 1) {
    i.run = warp_sync;
    i.gathering = GATHER_MASK;
    i.mask = source(p, s, &s->operands[0], 4);
  } else {
    return 0;
  }
  append(p, &i);
  return 1;
}
