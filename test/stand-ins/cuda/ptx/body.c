/** A function's body: declarations, labels, statements; calls are parsed in place of the call. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"

static const span END_OF_CALL = {"end of the call", 15};

static int at_sign(const parser *p, char c) { return p->l.kind == PUNCTUATION && *p->l.token.at == c; }
static int at_word(const parser *p, const char *word) { return p->l.kind == WORD && span_is(p->l.token, word); }

static void expect(parser *p, char c) {
  if (!at_sign(p, c)) parse_failed(p, "'%c' expected, found '%.*s'", c, (int)p->l.token.length, p->l.token.at);
  lexer_next(&p->l);
}

instruction new_instruction(const parser *p, const statement *s) {
  instruction i = {.guard = p->guard, .guard_negated = (uint8_t)p->guard_negated, .line = p->line, .file = p->file,
                   .source_line = p->source_line, .d = NO_SLOT, .a = NO_SLOT, .b = NO_SLOT, .c = NO_SLOT, .e = NO_SLOT,
                   .mask = NO_SLOT};
  if (s) i.opcode = s->opcode.at, i.opcode_length = (uint16_t)s->opcode.length;
  else i.opcode = "ret", i.opcode_length = 3;
  return i;
}

uint32_t append(parser *p, const instruction *i) {
  ptx_kernel *k = p->kernel;
  GROW(k->code, k->length, k->capacity);
  k->code[k->length] = *i;
  return k->length++;
}

void refer_to_label(parser *p, uint32_t instruction, span label) {
  GROW(p->patches, p->patch_count, p->patch_capacity);
  p->patches[p->patch_count++] = (struct patch){instruction, label, p->line};
}

/** Branches to labels of the scope that begins with that symbol get their targets; the scope ends. */
static void end_scope(parser *p, unsigned begin) {
  unsigned kept = 0;
  for (unsigned i = 0; i < p->patch_count; i++) {
    struct patch *patch = &p->patches[i];
    int k = find_symbol(p, patch->label);
    if (k < (int)begin || p->symbols[k].kind != A_LABEL) {
      p->patches[kept++] = *patch;
      continue;
    }
    p->kernel->code[patch->instruction].target = p->symbols[k].pc;
  }
  p->patch_count = kept;
  for (unsigned i = begin; i < p->symbol_count; i++) free(p->symbols[i].labels);
  p->symbol_count = begin;
}

static void declare(parser *p) {
  lexer_next(&p->l);
  statement s = {.opcode = p->l.token};
  split_opcode(p, &s);
  if (!s.type_count) parse_failed(p, "registers of type %.*s are not supported", (int)s.opcode.length, s.opcode.at);
  type t = s.types[0];
  do {
    lexer_next(&p->l);
    span name = p->l.token;
    lexer_next(&p->l);
    unsigned count = 0;
    if (at_sign(p, '<')) {
      lexer_next(&p->l);
      count = (unsigned)parse_integer(p);
      expect(p, '>');
    }
    unsigned bytes = t == PREDICATE ? 0 : type_bytes(t) < 2 ? 2 : type_bytes(t);
    unsigned first = declare_registers(p, count ? count : 1, bytes);
    symbol *r = add_symbol(p, A_REGISTER, name);
    r->count = count;
    r->bytes = bytes;
    r->type = t;
    r->first = first;
  } while (at_sign(p, ','));
  expect(p, ';');
}

/** `.loc 1 24 5, …` to the end of its line. */
static void parse_location(parser *p) {
  lexer_next(&p->l);
  p->file = (uint16_t)parse_integer(p);
  unsigned line = (unsigned)parse_integer(p);
  if (line) p->source_line = line;
  const char *end = strchr(p->l.cursor, '\n');
  // the column, a token of the same line, is the current one
  p->l.cursor = end ? end : p->l.cursor + strlen(p->l.cursor);
  lexer_next(&p->l);
}

static int is_label(const parser *p) {
  const char *c = p->l.cursor;
  while (*c == ' ' || *c == '\t') c++;
  return c[0] == ':' && c[1] != ':';
}

static void parse_label(parser *p) {
  span name = p->l.token;
  lexer_next(&p->l);
  lexer_next(&p->l);
  if (at_word(p, ".branchtargets")) {
    unsigned count = 0;
    span *labels = NULL;
    do {
      lexer_next(&p->l);
      labels = realloc(labels, (count + 1) * sizeof *labels);
      labels[count++] = p->l.token;
      lexer_next(&p->l);
    } while (at_sign(p, ','));
    expect(p, ';');
    symbol *s = add_symbol(p, SOME_LABELS, name);
    s->labels = labels;
    s->count = count;
    return;
  }
  if (at_word(p, ".callprototype") || at_word(p, ".calltargets"))
    parse_failed(p, "calls through a function pointer are not supported");
  add_symbol(p, A_LABEL, name)->pc = p->kernel->length;
  p->block_index++;
}

static void parse_guard(parser *p) {
  lexer_next(&p->l);
  p->guard_negated = at_sign(p, '!');
  if (p->guard_negated) lexer_next(&p->l);
  statement unused = {0};
  operand o;
  parse_operand(p, &unused, &o);
  if (o.kind != REGISTER || !o.is_predicate) parse_failed(p, "a predicate expected behind '@'");
  p->guard = o.slot;
}

static int sets_first_operand(const statement *s) {
  static const char *const never[] = {"bar", "barrier", "brx", "nanosleep", "setmaxnreg", "wgmma"};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (is(s, never[i])) return 0;
  return 1;
}

static void parse_statement(parser *p) {
  statement s;
  p->guard = NO_SLOT;
  if (at_sign(p, '@')) parse_guard(p);
  p->line = (uint32_t)p->l.line;
  s.opcode = p->l.token;
  if (p->l.kind != WORD) parse_failed(p, "an instruction expected, found '%.*s'", (int)s.opcode.length, s.opcode.at);
  s.count = 0;
  s.element_count = 0;
  split_opcode(p, &s);
  lexer_next(&p->l);
  if (is(&s, "call")) {
    parse_call(p, &s);
  } else {
    while (!at_sign(p, ';')) {
      if (s.count) expect(p, ',');
      if (s.count == MAX_OPERANDS) parse_failed(p, "more than %d operands", MAX_OPERANDS);
      p->is_set = s.count == 0 && p->guard == NO_SLOT && sets_first_operand(&s);
      parse_operand(p, &s, &s.operands[s.count++]);
    }
    p->is_set = 0;
    if (is(&s, "ret") && p->depth) {
      instruction leave = new_instruction(p, &s);
      append_branch(p, &leave, END_OF_CALL);
    } else {
      decode(p, &s);
    }
    lexer_next(&p->l);
    if (is(&s, "bra") || is(&s, "brx") || is(&s, "ret") || is(&s, "exit")) p->block_index++;
  }
  vacate_registers(p);
  p->statement_index++;
  p->guard = NO_SLOT;
}

void parse_body(parser *p) {
  unsigned scope = p->symbol_count;
  expect(p, '{');
  while (!at_sign(p, '}')) {
    if (p->l.kind == END) parse_failed(p, "'}' expected before the end");
    if (at_sign(p, '{')) parse_body(p);
    else if (at_sign(p, ';')) lexer_next(&p->l);
    else if (at_word(p, ".reg")) declare(p);
    else if (at_word(p, ".loc")) parse_location(p);
    else if (at_word(p, ".pragma")) {
      while (!at_sign(p, ';')) lexer_next(&p->l);
    } else if (at_word(p, ".shared") || at_word(p, ".local") || at_word(p, ".param")) {
      space where = at_word(p, ".shared") ? SHARED : LOCAL;
      lexer_next(&p->l);
      parse_variable(p, where, 0);
      expect(p, ';');
    } else if (p->l.kind == WORD && is_label(p)) parse_label(p);
    else parse_statement(p);
  }
  lexer_next(&p->l);
  end_scope(p, scope);
}

/** `(a, b)` or one name: the symbols of a call's arguments. */
static unsigned parse_names(parser *p, int *symbols, unsigned room) {
  unsigned count = 0;
  int is_list = at_sign(p, '(');
  if (is_list) lexer_next(&p->l);
  while (!at_sign(p, ')') && !at_sign(p, ';')) {
    if (at_sign(p, ',')) lexer_next(&p->l);
    int k = find_symbol(p, p->l.token);
    if (k < 0 || count == room || p->symbols[k].kind != A_VARIABLE)
      parse_failed(p, "the argument %.*s of a call is not supported", (int)p->l.token.length, p->l.token.at);
    symbols[count++] = k;
    lexer_next(&p->l);
  }
  if (is_list) expect(p, ')');
  return count;
}

/** A function's formal parameters become names of the call's variables. */
static void bind_parameters(parser *p, const int *symbols, unsigned count) {
  expect(p, '(');
  unsigned n = 0;
  while (!at_sign(p, ')')) {
    if (at_sign(p, ',')) lexer_next(&p->l);
    if (!at_word(p, ".param")) parse_failed(p, "a parameter that is no .param is not supported");
    lexer_next(&p->l);
    int formal = parse_variable(p, PARAM, 0);
    if (n == count) parse_failed(p, "a call with too few arguments");
    p->symbols[formal].space = LOCAL;
    p->symbols[formal].address = p->symbols[symbols[n++]].address;
  }
  expect(p, ')');
}

void parse_call(parser *p, const statement *s) {
  int results[8], arguments[32];
  unsigned result_count = 0, argument_count = 0;
  if (at_sign(p, '(')) {
    result_count = parse_names(p, results, 8);
    expect(p, ',');
  }
  span name = p->l.token;
  int k = find_symbol(p, name);
  if (k < 0 || p->symbols[k].kind != A_FUNCTION)
    parse_failed(p, "a call of %.*s, which is no function", (int)name.length, name.at);
  lexer_next(&p->l);
  if (at_sign(p, ',')) {
    lexer_next(&p->l);
    argument_count = parse_names(p, arguments, 32);
  }
  expect(p, ';');
  symbol function = p->symbols[k];
  if (function.is_extern) {
    append_outside_call(p, s, name);
    return;
  }
  if (p->guard != NO_SLOT) parse_failed(p, "a guarded call is not supported");
  if (++p->depth > 20) parse_failed(p, "%.*s calls itself, which is not supported", (int)name.length, name.at);
  lexer after = p->l;
  unsigned scope = p->symbol_count;
  p->l = function.at;
  if (at_sign(p, '(')) bind_parameters(p, results, result_count);
  lexer_next(&p->l);
  bind_parameters(p, arguments, argument_count);
  while (!at_sign(p, '{')) lexer_next(&p->l);
  p->block_index++;
  parse_body(p);
  add_symbol(p, A_LABEL, END_OF_CALL)->pc = p->kernel->length;
  p->block_index++;
  end_scope(p, scope);
  p->l = after;
  p->depth--;
}

slot *new_list(parser *p, unsigned count) {
  ptx_kernel *k = p->kernel;
  slot *list = malloc(count * sizeof *list);
  k->lists = realloc(k->lists, (k->list_count + 1) * sizeof *k->lists);
  return k->lists[k->list_count++] = list;
}
