/** The tokens of PTX. A word keeps its dots: `ld.global.f32`, `%tid.x`, `.reg`. */
#pragma once
#include <stddef.h>

typedef struct {
  const char *at;
  size_t length;
} span;

typedef enum { END, WORD, NUMBER, STRING, PUNCTUATION } token_kind;

typedef struct {
  const char *cursor;
  int line;
  token_kind kind;
  span token;
} lexer;

/** Goes on to the next token. */
void lexer_next(lexer *);

int span_is(span, const char *);
int span_equal(span, span);
char *span_copy(span);
