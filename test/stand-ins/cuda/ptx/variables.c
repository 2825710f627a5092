/** Declarations of variables: of a kernel in shared and local memory, of the module in device memory. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"

static int at_sign(const parser *p, char c) { return p->l.kind == PUNCTUATION && *p->l.token.at == c; }

/** The sizes behind a name: `[4][8]`; `[]` is 0. */
static size_t parse_dimensions(parser *p, int *is_open) {
  size_t elements = 1;
  *is_open = 0;
  while (at_sign(p, '[')) {
    lexer_next(&p->l);
    if (at_sign(p, ']')) *is_open = 1;
    else elements *= (size_t)parse_integer(p);
    if (!at_sign(p, ']')) parse_failed(p, "']' expected");
    lexer_next(&p->l);
  }
  return elements;
}

static void store_initial(parser *p, variable *v, size_t offset, unsigned bytes, type t) {
  uint64_t bits;
  if (p->l.kind == WORD) {
    span name = p->l.token;
    int is_generic = span_is(name, "generic");
    if (is_generic) lexer_next(&p->l), lexer_next(&p->l), name = p->l.token;
    int k = find_symbol(p, name);
    if (k < 0 || p->symbols[k].kind != A_VARIABLE || bytes != 8)
      parse_failed(p, "the initial value %.*s is not supported", (int)name.length, name.at);
    lexer_next(&p->l);
    bits = p->symbols[k].address;
    if (is_generic) lexer_next(&p->l);
    if (at_sign(p, '+')) lexer_next(&p->l), bits += (uint64_t)parse_integer(p);
  } else {
    statement unused = {0};
    operand o;
    parse_operand(p, &unused, &o);
    bits = (uint64_t)o.integer;
    if (o.kind == REAL && t == F32 && !o.is_single) {
      double d;
      memcpy(&d, &o.integer, 8);
      float f = (float)d;
      uint32_t word;
      memcpy(&word, &f, 4);
      bits = word;
    }
  }
  if (offset + bytes > v->bytes) parse_failed(p, "%s has more initial values than elements", v->name);
  memcpy(v->data + offset, &bits, bytes);
}

static void parse_initial(parser *p, variable *v, unsigned bytes, type t) {
  lexer_next(&p->l);
  if (!at_sign(p, '{')) {
    store_initial(p, v, 0, bytes, t);
    return;
  }
  size_t offset = 0;
  int depth = 0;
  do {
    if (at_sign(p, '{')) depth++, lexer_next(&p->l);
    else if (at_sign(p, '}')) depth--, lexer_next(&p->l);
    else if (at_sign(p, ',')) lexer_next(&p->l);
    else store_initial(p, v, offset, bytes, t), offset += bytes;
  } while (depth);
}

/** Device memory for a variable of the module, zeroed as a GPU does. */
static variable *allocate(ptx_module *m, span name, size_t bytes, unsigned align) {
  m->variables = realloc(m->variables, (m->variable_count + 1) * sizeof *m->variables);
  variable *v = &m->variables[m->variable_count++];
  size_t room = (bytes + align + 63) & ~(size_t)63;
  *v = (variable){.name = span_copy(name), .bytes = bytes};
  v->data = aligned_alloc(align > 64 ? align : 64, align > 64 ? (room + align - 1) / align * align : room);
  v->written = malloc(bytes ? bytes : 1);
  memset(v->data, 0, bytes);
  memset(v->written, 1, bytes);
  return v;
}

static type parse_type(parser *p) {
  statement s = {.opcode = p->l.token};
  split_opcode(p, &s);
  return s.type_count ? s.types[0] : NO_TYPE;
}

int parse_variable(parser *p, space where, int is_extern) {
  unsigned align = 0, vector = 1;
  type t = NO_TYPE;
  for (; p->l.kind == WORD && *p->l.token.at == '.'; ) {
    span word = p->l.token;
    if (span_is(word, ".align")) {
      lexer_next(&p->l);
      align = (unsigned)parse_integer(p);
      continue;
    }
    if (span_is(word, ".v2")) vector = 2;
    else if (span_is(word, ".v4")) vector = 4;
    else if (span_is(word, ".ptr")) {
      // `.ptr .global .align 4`: says of a parameter what it points to
      lexer_next(&p->l);
      if (p->l.kind == WORD && *p->l.token.at == '.' && !span_is(p->l.token, ".align")) lexer_next(&p->l);
      if (span_is(p->l.token, ".align")) lexer_next(&p->l), parse_integer(p);
      continue;
    } else if (!span_is(word, ".managed")) t = parse_type(p);
    lexer_next(&p->l);
  }
  span name = p->l.token;
  if (p->l.kind != WORD || t == NO_TYPE)
    parse_failed(p, "a variable's type and name expected, found '%.*s'", (int)name.length, name.at);
  lexer_next(&p->l);
  int is_open;
  unsigned bytes = type_bytes(t) * vector;
  size_t size = parse_dimensions(p, &is_open) * bytes;
  if (is_open) size = 0;
  symbol *s = add_symbol(p, A_VARIABLE, name);
  s->space = where;
  s->align = align ? align : bytes;
  s->size = size;
  s->is_dynamic = is_open && where == SHARED;
  int index = (int)p->symbol_count - 1;
  if (where == GLOBAL || where == CONST) {
    if (is_extern) parse_failed(p, "%.*s is declared but not defined", (int)name.length, name.at);
    variable *v = allocate(p->module, name, size, s->align);
    s->address = (uint64_t)(uintptr_t)v->data;
    if (at_sign(p, '=')) parse_initial(p, v, type_bytes(t), t);
  } else if (p->kernel && where != PARAM) {
    place_variable(p, s);
  }
  return index;
}
