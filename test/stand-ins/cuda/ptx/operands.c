/** Operands: registers, numbers, addresses, vectors. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"

static int at_sign(const parser *p, char c) { return p->l.kind == PUNCTUATION && *p->l.token.at == c; }

static void expect(parser *p, char c) {
  if (!at_sign(p, c)) parse_failed(p, "'%c' expected, found '%.*s'", c, (int)p->l.token.length, p->l.token.at);
  lexer_next(&p->l);
}

/** A number token as an operand. Of a real its bits are kept. */
static void parse_number(parser *p, operand *o, int negative) {
  span s = p->l.token;
  if (p->l.kind != NUMBER) parse_failed(p, "a number expected, found '%.*s'", (int)s.length, s.at);
  char second = s.length > 1 ? s.at[1] : 0;
  if (*s.at == '0' && (second == 'f' || second == 'F' || second == 'd' || second == 'D')) {
    o->kind = REAL;
    o->is_single = second == 'f' || second == 'F';
    o->integer = (int64_t)strtoull(s.at + 2, NULL, 16);
    if (negative) o->integer ^= o->is_single ? 0x80000000ll : INT64_MIN;
  } else if (memchr(s.at, '.', s.length)) {
    o->kind = REAL;
    double real = strtod(s.at, NULL) * (negative ? -1 : 1);
    memcpy(&o->integer, &real, 8);
  } else {
    o->kind = INTEGER;
    if (*s.at == '0' && (second == 'b' || second == 'B')) o->integer = (int64_t)strtoull(s.at + 2, NULL, 2);
    else o->integer = (int64_t)strtoull(s.at, NULL, 0);
    if (negative) o->integer = (int64_t)-(uint64_t)o->integer;
  }
  lexer_next(&p->l);
}

int64_t parse_integer(parser *p) {
  operand o = {0};
  int negative = 0;
  if (at_sign(p, '-')) negative = 1, lexer_next(&p->l);
  parse_number(p, &o, negative);
  if (o.kind != INTEGER) parse_failed(p, "a whole number expected");
  return o.integer;
}

/** A word: a register, a variable with perhaps an offset, a label. */
static void parse_name(parser *p, operand *o) {
  span name = p->l.token;
  lexer_next(&p->l);
  o->name = name;
  if (span_is(name, "_")) {
    o->kind = SINK;
    return;
  }
  int k = find_symbol(p, name);
  if (k >= 0 && p->symbols[k].kind == A_REGISTER) {
    const symbol *s = &p->symbols[k];
    unsigned number = 0;
    if (s->count) number = (unsigned)strtoul(name.at + s->name.length, NULL, 10);
    o->kind = REGISTER;
    o->bytes = s->bytes;
    o->is_predicate = s->type == PREDICATE;
    o->slot = register_slot(p, s->first + number);
    return;
  }
  if (special_register(name, &o->slot, &o->bytes)) {
    o->kind = REGISTER;
    return;
  }
  if (k < 0 && *name.at == '%') parse_failed(p, "there is no register %.*s", (int)name.length, name.at);
  o->kind = SYMBOL;
  o->symbol = k;
  if (k < 0) return;
  symbol *s = &p->symbols[k];
  // a variable in shared memory that the module declares is placed by each kernel that uses it
  if (s->kind == A_VARIABLE && s->space == SHARED && (unsigned)k < p->kernel_symbols) {
    unsigned placing = p->module->kernel_count * 2 + (unsigned)p->pass + 1;
    if (s->first != placing) place_variable(p, s), s->first = placing;
  }
  if (at_sign(p, '+')) {
    lexer_next(&p->l);
    o->offset = parse_integer(p);
  }
}

static void parse_address(parser *p, statement *s, operand *o) {
  p->is_set = 0;
  operand base = {.pair = -1};
  if (p->l.kind == WORD) parse_name(p, &base);
  else base.offset = parse_integer(p), base.kind = INTEGER;
  if (at_sign(p, '+')) {
    lexer_next(&p->l);
    base.offset += parse_integer(p);
  } else if (at_sign(p, '-')) {
    base.offset += parse_integer(p);
  }
  if (at_sign(p, ',')) parse_failed(p, "%.*s of a tensor map is not supported", (int)s->opcode.length, s->opcode.at);
  *o = base;
  o->kind = ADDRESS;
  if (base.kind == SYMBOL && base.symbol < 0)
    parse_failed(p, "there is no variable %.*s", (int)base.name.length, base.name.at);
  o->symbol = base.kind == SYMBOL ? base.symbol : -1;
  o->bytes = base.kind == REGISTER ? base.bytes : 0;
  expect(p, ']');
}

static operand *new_element(parser *p, statement *s) {
  if (s->element_count == MAX_ELEMENTS) parse_failed(p, "more than %d operands", MAX_ELEMENTS);
  return &s->elements[s->element_count++];
}

void parse_operand(parser *p, statement *s, operand *o) {
  *o = (operand){.symbol = -1, .pair = -1};
  if (at_sign(p, '{')) {
    lexer_next(&p->l);
    o->kind = VECTOR;
    o->first = s->element_count;
    while (!at_sign(p, '}')) {
      if (o->count) expect(p, ',');
      parse_operand(p, s, new_element(p, s));
      o->count++;
    }
    lexer_next(&p->l);
  } else if (at_sign(p, '[')) {
    lexer_next(&p->l);
    parse_address(p, s, o);
  } else if (at_sign(p, '!')) {
    lexer_next(&p->l);
    parse_operand(p, s, o);
    o->negated = !o->negated;
  } else if (at_sign(p, '-')) {
    lexer_next(&p->l);
    parse_number(p, o, 1);
  } else if (at_sign(p, '(')) {
    lexer_next(&p->l);
    parse_operand(p, s, o);
    expect(p, ')');
  } else if (p->l.kind == WORD) {
    parse_name(p, o);
  } else {
    parse_number(p, o, 0);
  }
  if (at_sign(p, '|')) {
    lexer_next(&p->l);
    o->pair = (int)s->element_count;
    parse_operand(p, s, new_element(p, s));
  }
}
