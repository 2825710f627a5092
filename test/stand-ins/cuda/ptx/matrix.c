/** Matrices spread over the lanes of a warp: products on tensor cores, and their loads and stores. */
#include <string.h>

#include "half.h"

static void need_all_lanes(warp *w, const instruction *i) {
  if (w->active == ALL_LANES) return;
  fail(w, i, (unsigned)__builtin_ctz(w->active), "all lanes of the warp must take part; these do: 0x%08x", w->active);
}

typedef float floats __attribute__((vector_size(64)));
typedef int32_t words __attribute__((vector_size(64)));

/** A register of a fragment has row g, column t in lane 4g + t. Its four columns, 8 numbers each; and back. */
static inline void to_columns(const floats *lanes_of, floats *columns) {
  const words first = {0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29};
  columns[0] = __builtin_shuffle(lanes_of[0], lanes_of[1], first);
  columns[1] = __builtin_shuffle(lanes_of[0], lanes_of[1], first + 2);
}
static inline void from_columns(const floats *columns, floats *lanes_of) {
  const words first = {0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27};
  lanes_of[0] = __builtin_shuffle(columns[0], columns[1], first);
  lanes_of[1] = __builtin_shuffle(columns[0], columns[1], first + 4);
}

typedef enum { MMA_BF16, MMA_F16, MMA_TF32 } element;

/** The numbers of a register: of 16 bits the lower (0) or upper ones (1). */
static inline void values_of(const warp *w, slot s, element e, unsigned half, floats *values) {
  const words *bits = lanes(w, s);
  for (int n = 0; n < 2; n++) {
    if (e == MMA_TF32) values[n] = (floats)(bits[n] & ~0x1fff);
    else if (e == MMA_BF16) values[n] = (floats)(half ? bits[n] & ~0xffff : bits[n] << 16);
    else
      for (int l = 0; l < 16; l++) values[n][l] = f16_value((uint16_t)(bits[n][l] >> 16 * half));
  }
}

/** a[k][row], b[k][column], c[column][row]: the 16 rows of a column lie together. */
typedef struct {
  float a[16][16], b[16][8];
  floats c[8];
} fragments;

/** Registers of A hold rows g and g + 8 in turn, then the next columns; numbers of 16 bits come in pairs of columns. */
static inline void gather_inputs(const warp *w, const slot *list, fragments *f, element e, unsigned depth) {
  const unsigned width = e == MMA_TF32 ? 1 : 2, a_registers = depth / (2 * width), b_registers = depth / (4 * width);
  floats values[2];
  float columns[4][8] __attribute__((aligned(64)));
  for (unsigned r = 0; r < a_registers + b_registers; r++)
    for (unsigned h = 0; h < width; h++) {
      values_of(w, list[r], e, h, values);
      to_columns(values, (floats *)columns);
      for (unsigned t = 0; t < 4; t++) {
        if (r < a_registers) memcpy(&f->a[r / 2 * 4 * width + t * width + h][r % 2 * 8], columns[t], sizeof columns[t]);
        else memcpy(f->b[(r - a_registers) * 4 * width + t * width + h], columns[t], sizeof columns[t]);
      }
    }
}

/** Products are summed one after the other, each fused: the hardware's own order is not told. */
static inline void multiply(fragments *f, unsigned depth) {
  floats c[8];
  memcpy(c, f->c, sizeof c);
  for (unsigned k = 0; k < depth; k++)
    for (unsigned n = 0; n < 8; n++)
      for (unsigned m = 0; m < 16; m++) c[n][m] = __builtin_fmaf(f->a[k][m], f->b[k][n], c[n][m]);
  memcpy(f->c, c, sizeof c);
}

static inline void product(warp *w, const instruction *i, element e, unsigned depth) {
  need_all_lanes(w, i);
  fragments f;
  const slot *d = i->list, *inputs = d + 4, *c = inputs + i->count;
  gather_inputs(w, inputs, &f, e, depth);
  float columns[4][8] __attribute__((aligned(64)));
  for (unsigned r = 0; r < 4; r++) {
    to_columns(lanes(w, c[r]), (floats *)columns);
    for (unsigned t = 0; t < 4; t++) memcpy((float *)&f.c[2 * t + r % 2] + r / 2 * 8, columns[t], sizeof columns[t]);
  }
  multiply(&f, depth);
  for (unsigned r = 0; r < 4; r++) {
    for (unsigned t = 0; t < 4; t++) memcpy(columns[t], (float *)&f.c[2 * t + r % 2] + r / 2 * 8, sizeof columns[t]);
    from_columns((floats *)columns, lanes(w, d[r]));
  }
  tick(w);
}

static void mma_bf16_16(warp *w, const instruction *i) { product(w, i, MMA_BF16, 16); }
static void mma_bf16_8(warp *w, const instruction *i) { product(w, i, MMA_BF16, 8); }
static void mma_f16_16(warp *w, const instruction *i) { product(w, i, MMA_F16, 16); }
static void mma_f16_8(warp *w, const instruction *i) { product(w, i, MMA_F16, 8); }
static void mma_tf32_8(warp *w, const instruction *i) { product(w, i, MMA_TF32, 8); }
static void mma_tf32_4(warp *w, const instruction *i) { product(w, i, MMA_TF32, 4); }

static int decode_mma(parser *p, const statement *s) {
  static const struct {
    const char *shape;
    type type;
    operation run;
    uint8_t a, b;
  } forms[] = {{"m16n8k16", BF16, mma_bf16_16, 4, 2}, {"m16n8k8", BF16, mma_bf16_8, 2, 1},
               {"m16n8k16", F16, mma_f16_16, 4, 2},   {"m16n8k8", F16, mma_f16_8, 2, 1},
               {"m16n8k8", TF32, mma_tf32_8, 4, 2},   {"m16n8k4", TF32, mma_tf32_4, 2, 1}};
  if (s->type_count != 4 || s->types[0] != F32 || s->types[3] != F32 || s->count != 4) return 0;
  for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
    if (!has(s, forms[k].shape) || s->types[1] != forms[k].type || s->types[2] != forms[k].type) continue;
    const unsigned sizes[] = {4, forms[k].a, forms[k].b, 4};
    instruction i = new_instruction(p, s);
    i.run = forms[k].run;
    i.gathering = GATHER_WARP;
    i.count = forms[k].a + forms[k].b;
    i.list = new_list(p, 8u + i.count);
    unsigned at = 0;
    for (int n = 0; n < 4; n++) {
      const operand *o = &s->operands[n];
      if (o->kind == VECTOR ? o->count != sizes[n] : sizes[n] != 1) return 0;
      for (unsigned e = 0; e < sizes[n]; e++) {
        const operand *element = o->kind == VECTOR ? &s->elements[o->first + e] : o;
        i.list[at++] = n == 0 ? destination(p, s, element, 4) : source(p, s, element, 4);
      }
    }
    append(p, &i);
    return 1;
  }
  return 0;
}

/** The rows' addresses: lane 8m + r has row r of matrix m, in 16 bytes. */
static void row_addresses(warp *w, const instruction *i, uint64_t *address) {
  need_all_lanes(w, i);
  addresses(w, i, address);
  tick(w);
  for (unsigned l = 0; l < 8u * i->count; l++) {
    if (i->space == GENERIC) {
      if (WINDOW(address[l]) != WINDOW(SHARED_WINDOW))
        fail(w, i, l, "a row at an address that is not in shared memory");
      address[l] -= SHARED_WINDOW;
    }
    if (address[l] % 16)
      fail(w, i, l, "a row at 0x%llx of shared memory, which is not a multiple of 16", (unsigned long long)address[l]);
  }
}

static void ldmatrix(warp *w, const instruction *i) {
  uint64_t address[LANES];
  row_addresses(w, i, address);
  for (unsigned m = 0; m < i->count; m++) {
    uint16_t rows[8][8], *d = lanes(w, i->list[m]);
    for (unsigned r = 0; r < 8; r++) {
      read_shared_lane(w, i, 8 * m + r, address[8 * m + r], 16);
      memcpy(rows[r], w->block->shared + address[8 * m + r], 16);
    }
    for (unsigned l = 0; l < LANES; l++)
      for (unsigned h = 0; h < 2; h++)
        d[2 * l + h] = i->is_transposed ? rows[l % 4 * 2 + h][l / 4] : rows[l / 4][l % 4 * 2 + h];
  }
}

static void stmatrix(warp *w, const instruction *i) {
  uint64_t address[LANES];
  row_addresses(w, i, address);
  for (unsigned m = 0; m < i->count; m++) {
    const uint16_t *a = lanes(w, i->list[m]);
    uint16_t rows[8][8];
    for (unsigned l = 0; l < LANES; l++)
      for (unsigned h = 0; h < 2; h++) {
        const unsigned column = l % 4 * 2 + h;
        *(i->is_transposed ? &rows[column][l / 4] : &rows[l / 4][column]) = a[2 * l + h];
      }
    for (unsigned r = 0; r < 8; r++) {
      write_shared_lane(w, i, 8 * m + r, address[8 * m + r], 16);
      memcpy(w->block->shared + address[8 * m + r], rows[r], 16);
    }
  }
}

static void movmatrix(warp *w, const instruction *i) {
  need_all_lanes(w, i);
  uint16_t rows[8][8], *d = lanes(w, i->d);
  memcpy(rows, lanes(w, i->a), sizeof rows);
  for (unsigned l = 0; l < LANES; l++)
    for (unsigned h = 0; h < 2; h++) d[2 * l + h] = rows[l % 4 * 2 + h][l / 4];
  tick(w);
}

static int decode_rows(parser *p, const statement *s, int is_load) {
  const operand *vector = &s->operands[!is_load];
  unsigned count = has(s, "x4") ? 4 : has(s, "x2") ? 2 : 1;
  if (s->count != 2 || !has(s, "m8n8") || s->type_count != 1 || s->types[0] != B16) return 0;
  if (vector->kind == VECTOR ? vector->count != count : count != 1) return 0;
  instruction i = new_instruction(p, s);
  i.run = is_load ? ldmatrix : stmatrix;
  i.gathering = GATHER_WARP;
  place_address(p, s, &s->operands[is_load], &i);
  if (i.space != SHARED && i.space != GENERIC) return 0;
  i.count = (uint8_t)count;
  i.is_transposed = (uint8_t)has(s, "trans");
  i.list = new_list(p, count);
  for (unsigned m = 0; m < count; m++) {
    const operand *element = vector->kind == VECTOR ? &s->elements[vector->first + m] : vector;
    i.list[m] = is_load ? destination(p, s, element, 4) : source(p, s, element, 4);
  }
  append(p, &i);
  return 1;
}

int decode_matrix(parser *p, const statement *s) {
  if (is(s, "mma") && has(s, "row") && has(s, "col")) return decode_mma(p, s);
  if (is(s, "ldmatrix")) return decode_rows(p, s, 1);
  if (is(s, "stmatrix")) return decode_rows(p, s, 0);
  if (!is(s, "movmatrix") || s->count != 2 || !has(s, "trans")) return 0;
  instruction i = new_instruction(p, s);
  i.run = movmatrix;
  i.gathering = GATHER_WARP;
  i.d = destination(p, s, &s->operands[0], 4);
  i.a = source(p, s, &s->operands[1], 4);
  append(p, &i);
  return 1;
}
