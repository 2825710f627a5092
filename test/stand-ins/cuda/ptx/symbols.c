/** Names: registers, variables, labels, functions; and the places of registers and constants. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "special.h"

symbol *add_symbol(parser *p, symbol_kind kind, span name) {
  GROW(p->symbols, p->symbol_count, p->symbol_capacity);
  symbol *s = &p->symbols[p->symbol_count++];
  *s = (symbol){.kind = kind, .name = name};
  return s;
}

int find_symbol(parser *p, span name) {
  size_t stem = name.length;
  while (stem && isdigit((unsigned char)name.at[stem - 1])) stem--;
  unsigned number = 0;
  for (size_t i = stem; i < name.length && i < stem + 8; i++) number = number * 10 + (unsigned)(name.at[i] - '0');
  for (int k = (int)p->symbol_count - 1; k >= 0; k--) {
    const symbol *s = &p->symbols[k];
    if (s->kind == A_REGISTER && s->count) {
      if (stem < name.length && s->name.length == stem && !memcmp(s->name.at, name.at, stem) && number < s->count)
        return k;
    } else if (span_equal(s->name, name)) return k;
  }
  return -1;
}

static size_t align_up(size_t n, size_t align) { return align ? (n + align - 1) / align * align : n; }

void place_variable(parser *p, symbol *s) {
  ptx_kernel *k = p->kernel;
  if (s->is_dynamic) {
    s->address = align_up(p->dynamic_shared, s->align > 16 ? s->align : 16);
    return;
  }
  size_t *used = s->space == SHARED ? &k->shared_bytes : &k->local_bytes;
  s->address = align_up(*used, s->align);
  *used = s->address + s->size;
}

unsigned declare_registers(parser *p, unsigned count, unsigned bytes) {
  unsigned first = p->register_count;
  for (unsigned i = 0; i < count; i++) {
    if (p->pass == 0) {
      GROW(p->registers, p->register_count, p->register_capacity);
      p->registers[p->register_count] = (register_entry){.bytes = bytes, .slot = NO_SLOT, .is_temporary = bytes > 0};
    } else {
      p->registers[p->register_count].slot = NO_SLOT;
    }
    p->register_count++;
  }
  return first;
}

static unsigned size_class(unsigned bytes) { return bytes <= 2 ? 0 : bytes == 4 ? 1 : bytes == 8 ? 2 : 3; }

slot temporary_slot(parser *p, unsigned bytes) {
  ptx_kernel *k = p->kernel;
  size_t lanes = bytes ? (size_t)LANES * (bytes < 2 ? 2 : bytes) : 4;
  k->register_bytes = align_up(k->register_bytes, lanes < 64 ? lanes : 64);
  slot place = (slot)k->register_bytes;
  k->register_bytes += lanes;
  return place;
}

slot register_slot(parser *p, unsigned index) {
  register_entry *r = &p->registers[index];
  if (p->pass == 0) {
    if (!r->is_mentioned) {
      r->is_mentioned = 1;
      r->block = p->block_index;
      r->is_temporary &= p->is_set;
    }
    if (r->block != p->block_index) r->is_temporary = 0;
    r->last = p->statement_index;
    return 0;
  }
  if (r->slot == NO_SLOT) {
    unsigned class = size_class(r->bytes);
    r->slot = r->is_temporary && p->vacant_count[class] ? p->vacant[class][--p->vacant_count[class]]
                                                        : temporary_slot(p, r->bytes);
  }
  if (p->mentioned_count < MAX_ELEMENTS) p->mentioned[p->mentioned_count++] = index;
  return r->slot;
}

void vacate_registers(parser *p) {
  for (unsigned i = 0; i < p->mentioned_count; i++) {
    register_entry *r = &p->registers[p->mentioned[i]];
    if (!r->is_temporary || r->last != p->statement_index) continue;
    r->is_temporary = 0;
    unsigned class = size_class(r->bytes);
    GROW(p->vacant[class], p->vacant_count[class], p->vacant_capacity[class]);
    p->vacant[class][p->vacant_count[class]++] = r->slot;
  }
  p->mentioned_count = 0;
}

slot constant_slot(parser *p, uint64_t bits, unsigned bytes) {
  if (bytes < 8 && bytes) bits &= ((uint64_t)1 << 8 * bytes) - 1;
  for (unsigned i = 0; i < p->constant_count; i++)
    if (p->constants[i].bits == bits && p->constants[i].bytes == bytes) return p->constants[i].slot;
  ptx_kernel *k = p->kernel;
  unsigned stride = bytes == 1 ? 2 : bytes;
  size_t lanes = bytes ? (size_t)LANES * stride : 64;
  while (k->constant_bytes + lanes > k->constant_capacity) {
    k->constant_capacity = k->constant_capacity ? 2 * k->constant_capacity : 4096;
    uint8_t *grown = aligned_alloc(64, k->constant_capacity);
    if (k->constants) memcpy(grown, k->constants, k->constant_bytes);
    free(k->constants);
    k->constants = grown;
  }
  uint8_t *at = k->constants + k->constant_bytes;
  memset(at, 0, lanes);
  if (!bytes) {
    uint32_t lanes_set = bits ? ALL_LANES : 0;
    memcpy(at, &lanes_set, 4);
  } else {
    for (int l = 0; l < LANES; l++) memcpy(at + l * stride, &bits, bytes < 8 ? bytes : 8);
  }
  slot place = CONSTANT | (slot)k->constant_bytes;
  k->constant_bytes += lanes;
  GROW(p->constants, p->constant_count, p->constants_capacity);
  p->constants[p->constant_count++] = (struct placed_constant){bits, bytes, place};
  return place;
}

static const struct {
  const char *name;
  special which;
} specials[] = {
    {"%tid.x", TID_X}, {"%tid.y", TID_Y}, {"%tid.z", TID_Z},
    {"%ntid.x", NTID_X}, {"%ntid.y", NTID_Y}, {"%ntid.z", NTID_Z},
    {"%ctaid.x", CTAID_X}, {"%ctaid.y", CTAID_Y}, {"%ctaid.z", CTAID_Z},
    {"%nctaid.x", NCTAID_X}, {"%nctaid.y", NCTAID_Y}, {"%nctaid.z", NCTAID_Z},
    {"%laneid", LANEID}, {"%warpid", WARPID}, {"%nwarpid", NWARPID}, {"%smid", SMID}, {"%nsmid", NSMID},
    {"%lanemask_eq", LANEMASK_EQ}, {"%lanemask_le", LANEMASK_LE}, {"%lanemask_lt", LANEMASK_LT},
    {"%lanemask_ge", LANEMASK_GE}, {"%lanemask_gt", LANEMASK_GT},
    {"%dynamic_smem_size", DYNAMIC_SMEM_SIZE}, {"%total_smem_size", TOTAL_SMEM_SIZE},
    {"%clock", CLOCK}, {"%clock_hi", CLOCK_HI}, {"%cluster_ctarank", CLUSTER_ID}, {"%cluster_nctarank", CLUSTER_SIZE},
    {"%clock64", CLOCK64}, {"%globaltimer", GLOBALTIMER}, {"%gridid", GRIDID},
};

int special_register(span name, slot *where, unsigned *bytes) {
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
    if (!span_is(name, specials[i].name)) continue;
    *where = SPECIAL_SLOT(specials[i].which);
    *bytes = specials[i].which < FIRST_WIDE ? 4 : 8;
    return 1;
  }
  return 0;
}
