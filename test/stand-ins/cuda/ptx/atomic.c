/** Atomic operations on global and shared memory. */
#include <string.h>

#include "half.h"

typedef enum { ADD, MIN, MAX, INCREMENT, DECREMENT, AND, OR, XOR, EXCHANGE, COMPARE_AND_SWAP, OPERATIONS } atomic;
static const char *const names[] = {"add", "min", "max", "inc", "dec", "and", "or", "xor", "exch", "cas"};

#define WHOLE(name, U, S) \
  static U name(const instruction *i, U old, U x, U y) { \
    switch ((atomic)(i->form >> 8 & 0xff)) { \
      case ADD: return old + x; \
      case MIN: return i->is_signed ? (S)x < (S)old ? x : old : x < old ? x : old; \
      case MAX: return i->is_signed ? (S)x > (S)old ? x : old : x > old ? x : old; \
      case INCREMENT: return old >= x ? 0 : old + 1; \
      case DECREMENT: return old == 0 || old > x ? x : old - 1; \
      case AND: return old & x; \
      case OR: return old | x; \
      case XOR: return old ^ x; \
      case COMPARE_AND_SWAP: return old == x ? y : old; \
      default: return x; \
    } \
  }
WHOLE(whole_32, uint32_t, int32_t)
WHOLE(whole_64, uint64_t, int64_t)

/** In which type the sum of an `add` is made; NO_TYPE: of whole numbers. */
#define REAL_TYPE(i) ((type)((i)->form >> 16))

static uint64_t sum_of_reals(type t, uint64_t old, uint64_t x) {
  switch (t) {
    case F32: return float_bits(as_float((uint32_t)old) + as_float((uint32_t)x));
    case F64: {
      double a, b;
      memcpy(&a, &old, 8);
      memcpy(&b, &x, 8);
      a += b;
      memcpy(&old, &a, 8);
      return old;
    }
    case BF16: return bf16_of(odd_fma(bf16_value((uint16_t)old), 1, bf16_value((uint16_t)x)));
    case F16: return f16_of(odd_fma(f16_value((uint16_t)old), 1, f16_value((uint16_t)x)));
    case BF16X2:
    case F16X2: {
      type half = t == BF16X2 ? BF16 : F16;
      return sum_of_reals(half, old & 0xffff, x & 0xffff) | sum_of_reals(half, old >> 16, x >> 16) << 16;
    }
    default: return old;
  }
}

static uint64_t operand_of(const warp *w, slot s, unsigned lane, unsigned bytes) {
  uint64_t x = 0;
  if (s != NO_SLOT) memcpy(&x, (const uint8_t *)lanes(w, s) + lane * bytes, bytes);
  return x;
}

/** Lane after lane, in order, so that results are always the same. */
static void atomic_at(warp *w, const instruction *i, uint64_t *address, space where) {
  if (where == SHARED) access_shared(w, i, address, i->bytes, ATOMIC, 1);
  else if (where == GLOBAL) access_global(w, i, address, i->bytes, ATOMIC, 1);
  else fail(w, i, (unsigned)__builtin_ctz(w->active), "an atomic operation on local memory");
  uint8_t *d = i->d == NO_SLOT ? NULL : lanes(w, i->d);
  EACH_ACTIVE(w, l) {
    uint64_t old = 0, x = operand_of(w, i->b, l, i->bytes), y = operand_of(w, i->c, l, i->bytes);
    void *at = (void *)(uintptr_t)address[l];
    memcpy(&old, at, i->bytes);
    uint64_t set = REAL_TYPE(i)       ? sum_of_reals(REAL_TYPE(i), old, x)
                   : i->bytes == 8 ? whole_64(i, old, x, y)
                                   : whole_32(i, (uint32_t)old, (uint32_t)x, (uint32_t)y);
    memcpy(at, &set, i->bytes);
    if (d) memcpy(d + l * i->bytes, &old, i->bytes);
  }
}

static void atomic_run(warp *w, const instruction *i) {
  uint64_t address[LANES], within[LANES];
  addresses(w, i, address);
  if (i->space != GENERIC) {
    atomic_at(w, i, address, i->space);
    return;
  }
  uint32_t all = w->active;
  for (uint32_t left = all; left; left &= ~w->active) {
    space where = split_window(w, address, left, within);
    atomic_at(w, i, within, where);
  }
  w->active = all;
}

int decode_atomic(parser *p, const statement *s) {
  int has_result = is(s, "atom");
  if ((!has_result && !is(s, "red")) || s->type_count != 1) return 0;
  uint32_t which = 0;
  while (which < OPERATIONS && !has(s, names[which])) which++;
  int operands = which == COMPARE_AND_SWAP ? 2 : 1;
  type t = s->types[0];
  int is_real = t >= F16;
  if (which == OPERATIONS || s->count != has_result + 1 + operands) return 0;
  if (is_real && which != ADD && which != EXCHANGE) return 0;
  instruction i = new_instruction(p, s);
  i.run = atomic_run;
  place_address(p, s, &s->operands[has_result], &i);
  i.bytes = (uint8_t)type_bytes(t);
  i.is_signed = (uint8_t)is_signed_type(t);
  i.form |= which << 8 | (is_real && which == ADD ? (uint32_t)t << 16 : 0);
  if (i.bytes > 8 || s->operands[has_result + 1].kind == VECTOR) return 0;
  if (has_result) i.d = destination(p, s, &s->operands[0], i.bytes);
  i.b = source(p, s, &s->operands[has_result + 1], i.bytes);
  if (operands == 2) i.c = source(p, s, &s->operands[has_result + 2], i.bytes);
  note_access(p, i.space, i.bytes);
  append(p, &i);
  return 1;
}
