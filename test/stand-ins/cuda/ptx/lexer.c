#include "lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(lexer *l, const char *c) {
  for (;;) {
    if (*c == '\n') l->line++, c++;
    else if (isspace((unsigned char)*c)) c++;
    else if (c[0] == '/' && c[1] == '/') {
      while (*c && *c != '\n') c++;
    } else if (c[0] == '/' && c[1] == '*') {
      for (c += 2; *c && !(c[0] == '*' && c[1] == '/'); c++) l->line += *c == '\n';
      if (*c) c += 2;
    } else return c;
  }
}

static int is_word_start(char c) { return isalpha((unsigned char)c) || c == '_' || c == '$' || c == '%' || c == '.'; }

static const char *word_end(const char *c) {
  for (;; c++) {
    if (isalnum((unsigned char)*c) || *c == '_' || *c == '$' || *c == '.') continue;
    if (c[0] == ':' && c[1] == ':') c++;
    else return c;
  }
}

void lexer_next(lexer *l) {
  const char *c = skip_blanks(l, l->cursor), *begin = c;
  if (!*c) l->kind = END;
  else if (is_word_start(*c)) {
    l->kind = WORD;
    c = word_end(c + 1);
  } else if (isdigit((unsigned char)*c)) {
    l->kind = NUMBER;
    while (isalnum((unsigned char)*c) || *c == '.') c++;
  } else if (*c == '"') {
    l->kind = STRING;
    for (c++; *c && *c != '"'; c++) {}
    if (*c) c++;
  } else {
    l->kind = PUNCTUATION;
    c++;
  }
  l->token = (span){begin, (size_t)(c - begin)};
  l->cursor = c;
}

int span_is(span s, const char *text) { return strlen(text) == s.length && !memcmp(s.at, text, s.length); }
int span_equal(span a, span b) { return a.length == b.length && !memcmp(a.at, b.at, a.length); }

char *span_copy(span s) {
  char *copy = malloc(s.length + 1);
  memcpy(copy, s.at, s.length);
  copy[s.length] = 0;
  return copy;
}
