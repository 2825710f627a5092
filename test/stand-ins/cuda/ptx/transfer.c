/** Loads and stores. */
#include <string.h>

#include "operations.h"

#define COPY(D, S) \
  do { \
    D *d = lanes(w, to); \
    if (w->active == ALL_LANES) \
      for (int l = 0; l < LANES; l++) d[l] = (D)*(const S *)(uintptr_t)(address[l] + offset); \
    else EACH_ACTIVE(w, l) d[l] = (D)*(const S *)(uintptr_t)(address[l] + offset); \
  } while (0)

static void fetch(warp *w, const instruction *i, const uint64_t *address) {
  for (unsigned e = 0; e < i->count; e++) {
    const slot to = i->count == 1 ? i->d : i->list[e];
    const unsigned offset = e * i->bytes;
    if (i->bytes == i->register_bytes) {
      if (i->bytes == 4) COPY(uint32_t, uint32_t);
      else if (i->bytes == 8) COPY(uint64_t, uint64_t);
      else if (i->bytes == 2) COPY(uint16_t, uint16_t);
      else COPY(unsigned __int128, unsigned __int128);
    } else if (i->is_signed) {
      if (i->register_bytes == 2) COPY(int16_t, int8_t);
      else if (i->register_bytes == 4) {
        if (i->bytes == 1) COPY(int32_t, int8_t);
        else COPY(int32_t, int16_t);
      } else if (i->bytes == 1) COPY(int64_t, int8_t);
      else if (i->bytes == 2) COPY(int64_t, int16_t);
      else COPY(int64_t, int32_t);
    } else if (i->register_bytes == 2) COPY(uint16_t, uint8_t);
    else if (i->register_bytes == 4) {
      if (i->bytes == 1) COPY(uint32_t, uint8_t);
      else COPY(uint32_t, uint16_t);
    } else if (i->bytes == 1) COPY(uint64_t, uint8_t);
    else if (i->bytes == 2) COPY(uint64_t, uint16_t);
    else COPY(uint64_t, uint32_t);
  }
}

#define PUT(S, D) \
  do { \
    const S *d = lanes(w, from); \
    if (w->active == ALL_LANES) \
      for (int l = 0; l < LANES; l++) *(D *)(uintptr_t)(address[l] + offset) = (D)d[l]; \
    else EACH_ACTIVE(w, l) *(D *)(uintptr_t)(address[l] + offset) = (D)d[l]; \
    EACH_ACTIVE(w, l) if (*(const D *)(uintptr_t)(address[l] + offset) != (D)d[l]) different |= 1u << l; \
  } while (0)

/** Returns the lanes whose bytes another lane has overwritten with others. */
static uint32_t put(warp *w, const instruction *i, const uint64_t *address) {
  uint32_t different = 0;
  for (unsigned e = 0; e < i->count; e++) {
    const slot from = i->count == 1 ? i->d : i->list[e];
    const unsigned offset = e * i->bytes;
    switch (i->bytes) {
      case 1:
        if (i->register_bytes == 2) PUT(uint16_t, uint8_t);
        else if (i->register_bytes == 4) PUT(uint32_t, uint8_t);
        else PUT(uint64_t, uint8_t);
        break;
      case 2:
        if (i->register_bytes == 2) PUT(uint16_t, uint16_t);
        else if (i->register_bytes == 4) PUT(uint32_t, uint16_t);
        else PUT(uint64_t, uint16_t);
        break;
      case 4:
        if (i->register_bytes == 4) PUT(uint32_t, uint32_t);
        else PUT(uint64_t, uint32_t);
        break;
      case 8: PUT(uint64_t, uint64_t); break;
      default: PUT(unsigned __int128, unsigned __int128);
    }
  }
  return different;
}

static void store_checked(warp *w, const instruction *i, const uint64_t *address, const char *memory) {
  uint32_t different = put(w, i, address);
  if (!different) return;
  unsigned lane = (unsigned)__builtin_ctz(different), other = lane;
  EACH_ACTIVE(w, l) if (l != lane && address[l] == address[lane]) other = l;
  fail(w, i, lane, "race on %s memory: writes where %s writes something else with the same instruction", memory,
       thread_text(w->block, w->index, other));
}

static void load_at(warp *w, const instruction *i, uint64_t *address, space where) {
  const unsigned bytes = i->bytes * i->count;
  switch (where) {
    case SHARED: access_shared(w, i, address, bytes, READ, i->form & IS_STRONG); break;
    case LOCAL: access_local(w, i, address, bytes, READ); break;
    case PARAM: access_parameters(w, i, address, bytes); break;
    default: access_global(w, i, address, bytes, READ, i->form & IS_STRONG);
  }
  fetch(w, i, address);
}

static void store_at(warp *w, const instruction *i, uint64_t *address, space where) {
  const unsigned bytes = i->bytes * i->count;
  switch (where) {
    case SHARED:
      access_shared(w, i, address, bytes, WRITE, i->form & IS_STRONG);
      store_checked(w, i, address, "shared");
      break;
    case LOCAL:
      access_local(w, i, address, bytes, WRITE);
      put(w, i, address);
      break;
    case PARAM: fail(w, i, (unsigned)__builtin_ctz(w->active), "writes to the kernel's parameters");
    default:
      access_global(w, i, address, bytes, WRITE, i->form & IS_STRONG);
      store_checked(w, i, address, "global");
  }
}

static void load(warp *w, const instruction *i) {
  uint64_t address[LANES];
  addresses(w, i, address);
  load_at(w, i, address, i->space);
}

static void store(warp *w, const instruction *i) {
  uint64_t address[LANES];
  addresses(w, i, address);
  store_at(w, i, address, i->space);
}

space split_window(warp *w, const uint64_t *address, uint32_t left, uint64_t *within) {
  static const space spaces[] = {GLOBAL, SHARED, LOCAL, PARAM};
  const uint64_t first = address[__builtin_ctz(left)], window = WINDOW(first), begin = window < 4 ? window << 56 : 0;
  w->active = 0;
  for (int l = 0; l < LANES; l++) {
    int is_here = WINDOW(address[l]) == window;
    w->active |= is_here ? left & 1u << l : 0;
    within[l] = (is_here ? address[l] : first) - begin;
  }
  return window < 4 ? spaces[window] : GLOBAL;
}

/** Generic addresses: the lanes of each space in turn. */
static void generic(warp *w, const instruction *i, void (*access_at)(warp *, const instruction *, uint64_t *, space)) {
  uint64_t address[LANES], within[LANES];
  addresses(w, i, address);
  uint32_t all = w->active;
  for (uint32_t left = all; left; left &= ~w->active) {
    space where = split_window(w, address, left, within);
    access_at(w, i, within, where);
  }
  w->active = all;
}
static void load_generic(warp *w, const instruction *i) { generic(w, i, load_at); }
static void store_generic(warp *w, const instruction *i) { generic(w, i, store_at); }

space space_of_statement(const statement *s) {
  if (has(s, "global")) return GLOBAL;
  if (has(s, "shared") || has(s, "shared::cta")) return SHARED;
  if (has(s, "local")) return LOCAL;
  if (has(s, "param") || has(s, "param::entry") || has(s, "param::func")) return PARAM;
  return has(s, "const") ? CONST : GENERIC;
}

void place_address(parser *p, const statement *s, const operand *o, instruction *i) {
  if (o->kind != ADDRESS) parse_failed(p, "%.*s takes an address", (int)s->opcode.length, s->opcode.at);
  i->space = (uint8_t)space_of_statement(s);
  if (o->bytes) {
    if (o->bytes != 4 && o->bytes != 8) parse_failed(p, "an address of %u bytes", o->bytes);
    i->a = o->slot;
    i->form = o->bytes;
    i->offset = o->offset;
  } else {
    uint64_t address = (uint64_t)o->offset;
    if (o->symbol >= 0) {
      const symbol *v = &p->symbols[o->symbol];
      address += v->address;
      if (i->space == PARAM && v->space == LOCAL) i->space = LOCAL;
      if (i->space == GENERIC && v->kind == A_VARIABLE) i->space = (uint8_t)v->space;
    }
    i->a = constant_slot(p, address, 8);
    i->form = 8;
  }
}

void note_access(parser *p, space where, unsigned bytes) {
  ptx_kernel *k = p->kernel;
  if ((where == SHARED || where == GENERIC) && bytes < k->shared_granule) k->shared_granule = bytes;
  if (where <= CONST && bytes < k->global_granule) k->global_granule = bytes;
}

int decode_transfer(parser *p, const statement *s) {
  int is_load = is(s, "ld") || is(s, "ldu");
  if ((!is_load && !is(s, "st")) || s->count < 2 || s->type_count != 1) return 0;
  const operand *data = &s->operands[!is_load], *where = &s->operands[is_load];
  type t = s->types[0];
  instruction i = new_instruction(p, s);
  place_address(p, s, where, &i);
  if (has(s, "volatile") || has(s, "relaxed") || has(s, "acquire") || has(s, "release")) i.form |= IS_STRONG;
  i.bytes = (uint8_t)type_bytes(t);
  i.is_signed = (uint8_t)is_signed_type(t);
  i.count = data->kind == VECTOR ? (uint8_t)data->count : 1;
  if (i.count > 1) i.list = new_list(p, i.count);
  for (unsigned e = 0; e < i.count; e++) {
    const operand *o = data->kind == VECTOR ? &s->elements[data->first + e] : data;
    unsigned bytes = o->kind == REGISTER && o->bytes > i.bytes ? o->bytes : i.bytes < 2 ? 2 : i.bytes;
    if (!i.register_bytes) i.register_bytes = (uint8_t)bytes;
    slot at = is_load ? destination(p, s, o, i.register_bytes) : source(p, s, o, i.register_bytes);
    if (i.count > 1) i.list[e] = at;
    else i.d = at;
  }
  note_access(p, i.space, i.bytes * i.count);
  if (i.space == GENERIC) i.run = is_load ? load_generic : store_generic;
  else i.run = is_load ? load : store;
  append(p, &i);
  return 1;
}
