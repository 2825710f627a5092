/** Moves: between registers, of parts of words, and of addresses between spaces. */
#include <string.h>

#include "operations.h"

UNARY(mov_16, uint16_t, uint16_t, a[l])
UNARY(mov_32, uint32_t, uint32_t, a[l])
UNARY(mov_64, uint64_t, uint64_t, a[l])

typedef struct {
  uint64_t low, high;
} wide;
static void mov_128(warp *w, const instruction *i) {
  wide *d = lanes(w, i->d);
  const wide *a = lanes(w, i->a);
  EACH_ACTIVE(w, l) d[l] = a[l];
}
static void mov_predicate(warp *w, const instruction *i) { set_predicate(w, i->d, predicate(w, i->a)); }

/** Clocks run on with the instructions of the warp, so that results do not depend on the host. */
static void read_clock(warp *w, const instruction *i) {
  if (i->bytes == 4) {
    uint32_t *d = lanes(w, i->d);
    SET_ACTIVE(w, d, i->form ? (uint32_t)(w->done >> 32) : (uint32_t)w->done);
  } else {
    uint64_t *d = lanes(w, i->d);
    SET_ACTIVE(w, d, w->done);
  }
}

/** Joins `count` parts of `bytes` into words of `register_bytes`. */
static void pack(warp *w, const instruction *i) {
  uint8_t *d = lanes(w, i->d);
  for (unsigned part = 0; part < i->count; part++) {
    const uint8_t *from = lanes(w, i->list[part]);
    EACH_ACTIVE(w, l) memcpy(d + l * i->register_bytes + part * i->bytes, from + l * i->bytes, i->bytes);
  }
}

static void unpack(warp *w, const instruction *i) {
  const uint8_t *a = lanes(w, i->a);
  uint8_t copy[LANES * 16];
  memcpy(copy, a, LANES * (size_t)i->register_bytes);
  for (unsigned part = 0; part < i->count; part++) {
    uint8_t *to = lanes(w, i->list[part]);
    EACH_ACTIVE(w, l) memcpy(to + l * i->bytes, copy + l * i->register_bytes + part * i->bytes, i->bytes);
  }
}

BINARY(pack_16, uint32_t, uint16_t, uint16_t, (uint32_t)a[l] | (uint32_t)b[l] << 16)
BINARY(pack_32, uint64_t, uint32_t, uint32_t, (uint64_t)a[l] | (uint64_t)b[l] << 32)

static int decode_vector_move(parser *p, const statement *s, unsigned bytes) {
  const operand *to = &s->operands[0], *from = &s->operands[1];
  const operand *vector = to->kind == VECTOR ? to : from;
  instruction i = new_instruction(p, s);
  i.count = (uint8_t)vector->count;
  i.register_bytes = (uint8_t)bytes;
  i.bytes = (uint8_t)(bytes / vector->count);
  if (i.bytes < 2) return 0;
  i.list = new_list(p, vector->count);
  for (unsigned e = 0; e < vector->count; e++) {
    const operand *element = &s->elements[vector->first + e];
    i.list[e] = to == vector ? destination(p, s, element, i.bytes) : source(p, s, element, i.bytes);
  }
  if (to == vector) {
    i.run = unpack;
    i.a = source(p, s, from, bytes);
  } else {
    i.run = pack;
    i.d = destination(p, s, to, bytes);
    if (i.count == 2 && bytes <= 8) i.a = i.list[0], i.b = i.list[1], i.run = bytes == 4 ? pack_16 : pack_32;
  }
  append(p, &i);
  return 1;
}

static void append_move(parser *p, const statement *s, slot d, slot a, unsigned bytes) {
  instruction i = new_instruction(p, s);
  i.run = bytes == 2 ? mov_16 : bytes == 4 ? mov_32 : bytes == 8 ? mov_64 : mov_128;
  i.d = d;
  i.a = a;
  append(p, &i);
}

static int decode_mov(parser *p, const statement *s) {
  if (s->count != 2 || s->type_count != 1) return 0;
  type t = s->types[0];
  unsigned bytes = type_bytes(t);
  const operand *to = &s->operands[0], *from = &s->operands[1];
  if (to->kind == VECTOR || from->kind == VECTOR) return decode_vector_move(p, s, bytes);
  instruction i = new_instruction(p, s);
  i.d = destination(p, s, to, t == PREDICATE ? 0 : bytes);
  if (t == PREDICATE) {
    i.run = mov_predicate;
    i.a = predicate_source(p, s, from);
    append(p, &i);
    return 1;
  }
  if (from->kind == REGISTER && *from->name.at == '%' &&
      (!strncmp(from->name.at, "%clock", 6) || !strncmp(from->name.at, "%globaltimer", 12))) {
    i.run = read_clock;
    i.bytes = (uint8_t)bytes;
    i.form = span_is(from->name, "%clock_hi");
    append(p, &i);
    return 1;
  }
  if (bytes == 16 && from->kind != REGISTER) return 0;
  append_move(p, s, i.d, source(p, s, from, bytes), bytes);
  return 1;
}

/** Generic addresses of shared and local memory lie in windows. */
UNARY(add_window_64, uint64_t, uint64_t, a[l] + (uint64_t)i->offset)
static void to_space_64(warp *w, const instruction *i) {
  uint64_t *d = lanes(w, i->d);
  const uint64_t *a = lanes(w, i->a);
  SET_ACTIVE(w, d, a[l] & ~((uint64_t)0xff << 56));
}

static uint64_t window_of(const statement *s) {
  if (has(s, "shared") || has(s, "shared::cta") || has(s, "shared::cluster")) return SHARED_WINDOW;
  if (has(s, "local")) return LOCAL_WINDOW;
  return has(s, "param") ? PARAM_WINDOW : 0;
}

static int decode_cvta(parser *p, const statement *s) {
  if (s->count != 2 || s->type_count != 1) return 0;
  unsigned bytes = type_bytes(s->types[0]);
  uint64_t window = window_of(s);
  instruction i = new_instruction(p, s);
  i.d = destination(p, s, &s->operands[0], bytes);
  i.a = source(p, s, &s->operands[1], bytes);
  if (bytes != 8) return 0;
  if (!window) i.run = mov_64;
  else if (has(s, "to")) i.run = to_space_64;
  else i.run = add_window_64, i.offset = (int64_t)window;
  append(p, &i);
  return 1;
}

/** Whether a generic address lies in a space. */
static void isspacep(warp *w, const instruction *i) {
  const uint64_t *a = lanes(w, i->a);
  uint32_t result = 0;
  EACH_ACTIVE(w, l) result |= (uint32_t)(WINDOW(a[l]) == (uint64_t)i->offset) << l;
  set_predicate(w, i->d, result);
}

static int decode_isspacep(parser *p, const statement *s) {
  if (s->count != 2) return 0;
  instruction i = new_instruction(p, s);
  i.run = isspacep;
  i.offset = (int64_t)WINDOW(window_of(s));
  i.d = destination(p, s, &s->operands[0], 0);
  i.a = source(p, s, &s->operands[1], 8);
  append(p, &i);
  return 1;
}

int decode_move(parser *p, const statement *s) {
  if (is(s, "mov")) return decode_mov(p, s);
  if (is(s, "cvta")) return decode_cvta(p, s);
  return is(s, "isspacep") ? decode_isspacep(p, s) : 0;
}
