/** From a statement to instructions: opcodes are split, tables searched, operands placed. */
#include <string.h>

#include "parse.h"
#include "operations.h"

static const struct {
  const char *name;
  type type;
} type_names[] = {
    {"pred", PREDICATE}, {"b8", B8}, {"b16", B16}, {"b32", B32}, {"b64", B64}, {"b128", B128},
    {"u8", U8}, {"u16", U16}, {"u32", U32}, {"u64", U64}, {"s8", S8}, {"s16", S16}, {"s32", S32}, {"s64", S64},
    {"f16", F16}, {"f16x2", F16X2}, {"bf16", BF16}, {"bf16x2", BF16X2}, {"tf32", TF32}, {"f32", F32}, {"f64", F64},
};

static type type_named(span word) {
  for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
    if (span_is(word, type_names[i].name)) return type_names[i].type;
  return NO_TYPE;
}

void split_opcode(parser *p, statement *s) {
  s->modifier_count = s->type_count = 0;
  const char *c = s->opcode.at, *end = c + s->opcode.length;
  int is_first = 1;
  while (c < end) {
    const char *dot = memchr(c, '.', (size_t)(end - c));
    span part = {c, (size_t)((dot ? dot : end) - c)};
    if (is_first) s->name = part;
    else {
      type t = type_named(part);
      if (t && s->type_count < 6) s->types[s->type_count++] = t;
      else if (s->modifier_count < 20) s->modifiers[s->modifier_count++] = part;
      else parse_failed(p, "%.*s has too many parts", (int)s->opcode.length, s->opcode.at);
    }
    is_first = 0;
    if (!dot) break;
    c = dot + 1;
  }
}

int is(const statement *s, const char *name) { return span_is(s->name, name); }

int has(const statement *s, const char *modifier) {
  for (int i = 0; i < s->modifier_count; i++)
    if (span_is(s->modifiers[i], modifier)) return 1;
  return 0;
}

static uint64_t immediate_bits(parser *p, const statement *s, const operand *o, unsigned bytes) {
  if (o->kind == INTEGER) return (uint64_t)o->integer;
  if (o->kind == SYMBOL) {
    if (o->symbol < 0) parse_failed(p, "there is no variable %.*s", (int)o->name.length, o->name.at);
    const symbol *v = &p->symbols[o->symbol];
    if (v->kind != A_VARIABLE) parse_failed(p, "%.*s is no variable", (int)o->name.length, o->name.at);
    return v->address + (uint64_t)o->offset;
  }
  if (o->kind != REAL)
    parse_failed(p, "an operand of %.*s is not supported", (int)s->opcode.length, s->opcode.at);
  if (bytes == 4 && !o->is_single) {
    double d;
    memcpy(&d, &o->integer, 8);
    float f = (float)d;
    uint32_t word;
    memcpy(&word, &f, 4);
    return word;
  }
  return (uint64_t)o->integer;
}

slot source(parser *p, const statement *s, const operand *o, unsigned bytes) {
  if (o->kind != REGISTER) return constant_slot(p, immediate_bits(p, s, o, bytes), bytes);
  if (o->is_predicate || o->bytes != bytes)
    parse_failed(p, "%.*s takes an operand of %u bytes, %.*s has %u", (int)s->opcode.length, s->opcode.at, bytes,
                 (int)o->name.length, o->name.at, o->is_predicate ? 0 : o->bytes);
  return o->slot;
}

slot destination(parser *p, const statement *s, const operand *o, unsigned bytes) {
  if (o->kind == SINK) return temporary_slot(p, bytes);
  if (o->kind != REGISTER || (o->slot & CONSTANT))
    parse_failed(p, "%.*s must set a register", (int)s->opcode.length, s->opcode.at);
  if (bytes ? o->is_predicate || o->bytes != bytes : !o->is_predicate)
    parse_failed(p, "%.*s sets %u bytes, %.*s has %u", (int)s->opcode.length, s->opcode.at, bytes,
                 (int)o->name.length, o->name.at, o->bytes);
  return o->slot;
}

slot predicate_source(parser *p, const statement *s, const operand *o) {
  if (o->kind == INTEGER) return constant_slot(p, (o->integer != 0) ^ o->negated, 0);
  if (o->kind != REGISTER || !o->is_predicate)
    parse_failed(p, "%.*s takes a predicate", (int)s->opcode.length, s->opcode.at);
  if (!o->negated) return o->slot;
  instruction negate = new_instruction(p, s);
  negate.run = not_predicate;
  negate.d = temporary_slot(p, 0);
  negate.a = o->slot;
  append(p, &negate);
  return negate.d;
}

static slot *place_of(instruction *i, int operand) {
  slot *const places[] = {&i->d, &i->a, &i->b, &i->c, &i->e};
  return places[operand];
}

int decode_row(parser *p, const statement *s, const row *rows, size_t count) {
  for (const row *r = rows; r < rows + count; r++) {
    if (!span_is(s->name, r->name) || (r->modifier && !has(s, r->modifier))) continue;
    if (r->type != (s->type_count ? s->types[0] : NO_TYPE)) continue;
    if (s->count != (int)strlen(r->shape))
      parse_failed(p, "%.*s takes %zu operands", (int)s->opcode.length, s->opcode.at, strlen(r->shape));
    instruction i = new_instruction(p, s);
    i.run = r->run;
    for (int n = 0; n < s->count; n++) {
      const operand *o = &s->operands[n];
      char shape = r->shape[n];
      unsigned bytes = shape == 'p' ? 0 : (unsigned)(shape - '0');
      *place_of(&i, n) = n == 0 ? destination(p, s, o, bytes)
                         : shape == 'p' ? predicate_source(p, s, o) : source(p, s, o, bytes);
    }
    i.rounding = has(s, "rz") ? ROUND_TO_ZERO : has(s, "rm") ? ROUND_DOWN : has(s, "rp") ? ROUND_UP : ROUND_TO_NEAREST;
    i.flushes = has(s, "ftz");
    if (i.rounding != ROUND_TO_NEAREST || i.flushes) i.inner = i.run, i.run = in_environment;
    append(p, &i);
    if (has(s, "sat") && !r->modifier) append_saturation(p, s, &i);
    if (has(s, "relu")) append_relu(p, s, &i);
    return 1;
  }
  return 0;
}

void decode(parser *p, statement *s) {
  static int (*const families[])(parser *, const statement *) = {
      decode_move, decode_transfer, decode_integer, decode_real, decode_logic,   decode_compare, decode_convert,
      decode_control, decode_half,  decode_warp, decode_atomic, decode_matrix, decode_copy};
  for (size_t f = 0; f < sizeof families / sizeof *families; f++)
    if (families[f](p, s)) return;
  parse_failed(p, "the instruction %.*s is not supported", (int)s->opcode.length, s->opcode.at);
}
