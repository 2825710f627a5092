/** A module: its directives, variables, functions and kernels. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "special.h"

void parse_failed(parser *p, const char *format, ...) {
  int n = p->kernel ? snprintf(p->message, PTX_MESSAGE_BYTES, "%s: PTX line %d: ", p->kernel->name, p->l.line)
                    : snprintf(p->message, PTX_MESSAGE_BYTES, "PTX line %d: ", p->l.line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(p->message + n, (size_t)(PTX_MESSAGE_BYTES - n), format, arguments);
  va_end(arguments);
  longjmp(*p->failed, 1);
}

static int at_sign(const parser *p, char c) { return p->l.kind == PUNCTUATION && *p->l.token.at == c; }
static int at_word(const parser *p, const char *word) { return p->l.kind == WORD && span_is(p->l.token, word); }

static void expect(parser *p, char c) {
  if (!at_sign(p, c)) parse_failed(p, "'%c' expected, found '%.*s'", c, (int)p->l.token.length, p->l.token.at);
  lexer_next(&p->l);
}

/** Goes behind the `}` that closes the `{` here. */
static void skip_braces(parser *p) {
  int depth = 0;
  do {
    if (at_sign(p, '{')) depth++;
    if (at_sign(p, '}')) depth--;
    if (p->l.kind == END) parse_failed(p, "'}' expected before the end");
    lexer_next(&p->l);
  } while (depth);
}

static void skip_to(parser *p, char c) {
  while (!at_sign(p, c) && p->l.kind != END) lexer_next(&p->l);
  lexer_next(&p->l);
}

static void parse_file(parser *p) {
  lexer_next(&p->l);
  unsigned number = (unsigned)parse_integer(p);
  ptx_module *m = p->module;
  if (number >= m->file_count) {
    m->files = realloc(m->files, (number + 1) * sizeof *m->files);
    while (m->file_count <= number) m->files[m->file_count++] = NULL;
  }
  span name = {p->l.token.at + 1, p->l.token.length - 2};
  if (!m->files[number]) m->files[number] = span_copy(name);
  lexer_next(&p->l);
  while (at_sign(p, ',')) lexer_next(&p->l), lexer_next(&p->l);
}

/** The parameters of a kernel, laid out as their types say. */
static void parse_parameters(parser *p) {
  size_t offset = 0;
  if (at_sign(p, '(')) {
    lexer_next(&p->l);
    while (!at_sign(p, ')')) {
      if (at_sign(p, ',')) lexer_next(&p->l);
      if (!at_word(p, ".param")) parse_failed(p, "'.param' expected");
      lexer_next(&p->l);
      int index = parse_variable(p, PARAM, 0);
      symbol *s = &p->symbols[index];
      s->address = (offset + s->align - 1) / s->align * s->align;
      offset = s->address + s->size;
    }
    lexer_next(&p->l);
  }
  p->kernel->parameter_bytes = offset;
}

/** What stands between a kernel's parameters and its body. */
static void parse_limits(parser *p) {
  while (p->l.kind == WORD) {
    int is_limit = at_word(p, ".maxntid") || at_word(p, ".reqntid");
    lexer_next(&p->l);
    unsigned threads = 1;
    while (p->l.kind == NUMBER || at_sign(p, ',')) {
      if (at_sign(p, ',')) lexer_next(&p->l);
      else threads *= (unsigned)parse_integer(p);
    }
    if (is_limit) p->kernel->max_threads = threads;
  }
}

/** The body, twice: first to see how long each register lives, then to decode. */
static void parse_kernel_body(parser *p) {
  ptx_kernel *k = p->kernel;
  lexer begin = p->l;
  unsigned symbols = p->symbol_count;
  p->register_count = 0;
  for (p->pass = 0; p->pass < 2; p->pass++) {
    p->dynamic_shared = k->shared_bytes;
    k->length = 0;
    k->shared_bytes = k->local_bytes = k->constant_bytes = 0;
    k->register_bytes = SPECIAL_SLOT(SPECIAL_COUNT);
    k->shared_granule = k->global_granule = 16;
    p->l = begin;
    p->symbol_count = symbols;
    p->register_count = p->constant_count = p->patch_count = 0;
    p->statement_index = p->block_index = 0;
    p->line = p->file = p->source_line = 0;
    for (int c = 0; c < 4; c++) p->vacant_count[c] = 0;
    parse_body(p);
    instruction end = new_instruction(p, NULL);
    append_exit(p, &end);
    if (p->patch_count) {
      p->l.line = (int)p->patches[0].line;
      parse_failed(p, "there is no label %.*s", (int)p->patches[0].label.length, p->patches[0].label.at);
    }
  }
}

static void parse_entry(parser *p) {
  ptx_module *m = p->module;
  lexer_next(&p->l);
  ptx_kernel *k = calloc(1, sizeof *k);
  k->module = m;
  k->name = span_copy(p->l.token);
  m->kernels = realloc(m->kernels, (m->kernel_count + 1) * sizeof *m->kernels);
  m->kernels[m->kernel_count++] = k;
  p->kernel = k;
  p->kernel_symbols = p->symbol_count;
  lexer_next(&p->l);
  parse_parameters(p);
  parse_limits(p);
  if (at_sign(p, ';')) parse_failed(p, "a kernel without a body");
  parse_kernel_body(p);
  p->symbol_count = p->kernel_symbols;
  p->kernel = NULL;
}

/** Notes where a function stands: calls parse it. */
static void parse_function(parser *p) {
  lexer_next(&p->l);
  lexer at = p->l;
  if (at_sign(p, '(')) skip_to(p, ')');
  span name = p->l.token;
  int known = find_symbol(p, name);
  symbol *s = known >= 0 ? &p->symbols[known] : add_symbol(p, A_FUNCTION, name);
  while (!at_sign(p, ';') && !at_sign(p, '{') && p->l.kind != END) lexer_next(&p->l);
  if (at_sign(p, '{')) {
    s->at = at;
    s->is_extern = 0;
    skip_braces(p);
  } else {
    if (known < 0) s->is_extern = 1;
    lexer_next(&p->l);
  }
}

/** Functions may be defined behind the kernels that call them, so all are noted first. */
static void find_functions(parser *p) {
  lexer begin = p->l;
  for (lexer_next(&p->l); p->l.kind != END;) {
    if (at_word(p, ".func")) parse_function(p);
    else if (at_sign(p, '{')) skip_braces(p);
    else lexer_next(&p->l);
  }
  p->l = begin;
}

static int space_of(span word, space *where) {
  static const struct {
    const char *name;
    space where;
  } spaces[] = {{".global", GLOBAL}, {".const", CONST}, {".shared", SHARED}, {".local", LOCAL}, {".param", PARAM}};
  for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
    if (span_is(word, spaces[i].name)) return *where = spaces[i].where, 1;
  return 0;
}

static void parse_module(parser *p) {
  int is_extern = 0;
  for (lexer_next(&p->l); p->l.kind != END;) {
    space where;
    if (at_word(p, ".version") || at_word(p, ".address_size")) lexer_next(&p->l), lexer_next(&p->l);
    else if (at_word(p, ".target")) {
      do lexer_next(&p->l), lexer_next(&p->l);
      while (at_sign(p, ','));
    } else if (at_word(p, ".file")) parse_file(p);
    else if (at_word(p, ".section")) {
      while (!at_sign(p, '{')) lexer_next(&p->l);
      skip_braces(p);
    } else if (at_word(p, ".pragma") || at_word(p, ".alias")) skip_to(p, ';');
    else if (at_word(p, ".extern")) is_extern = 1, lexer_next(&p->l);
    else if (at_word(p, ".visible") || at_word(p, ".weak") || at_word(p, ".common")) lexer_next(&p->l);
    else if (at_word(p, ".entry")) parse_entry(p), is_extern = 0;
    else if (at_word(p, ".func")) parse_function(p), is_extern = 0;
    else if (p->l.kind == WORD && space_of(p->l.token, &where)) {
      lexer_next(&p->l);
      parse_variable(p, where, is_extern);
      expect(p, ';');
      is_extern = 0;
    } else parse_failed(p, "'%.*s' is not supported here", (int)p->l.token.length, p->l.token.at);
  }
}

ptx_module *ptx_load(const char *text, char *message) {
  ptx_module *volatile m = calloc(1, sizeof *m);
  m->text = strdup(text);
  jmp_buf failed;
  parser *const p = calloc(1, sizeof *p);
  *p = (parser){.module = m, .message = message, .failed = &failed, .guard = NO_SLOT, .l = {m->text, 1, END, {0}}};
  int is_bad = setjmp(failed);
  if (!is_bad) find_functions(p), parse_module(p);
  free(p->symbols);
  free(p->registers);
  free(p->patches);
  free(p->constants);
  for (int c = 0; c < 4; c++) free(p->vacant[c]);
  free(p);
  if (!is_bad) return m;
  ptx_unload(m);
  return NULL;
}
