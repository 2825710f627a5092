/** The state of parsing, and what decoders of instructions use of it. */
#pragma once
#include <setjmp.h>

#include "lexer.h"
#include "program.h"

typedef enum { A_REGISTER, A_VARIABLE, A_LABEL, A_FUNCTION, SOME_LABELS } symbol_kind;

typedef struct {
  symbol_kind kind;
  span name;
  /** Registers: `count` of them are called name0, name1, …; 0: the name is one register. */
  unsigned count;
  unsigned bytes;
  type type;
  /** The first of the registers, in the parser's list; of a variable, how far it lies in its space. */
  unsigned first;
  space space;
  uint64_t address;
  size_t size;
  unsigned align;
  /** Of an `extern` array in shared memory: lies behind all others. */
  int is_dynamic;
  /** Of a function: where its parameters stand. */
  lexer at;
  int is_extern;
  /** Of a label: the instruction; of labels: their list. */
  uint32_t pc;
  span *labels;
} symbol;

typedef enum { NO_OPERAND, REGISTER, INTEGER, REAL, SYMBOL, ADDRESS, VECTOR, SINK } operand_kind;

typedef struct {
  operand_kind kind;
  /** REGISTER, and ADDRESS with a register: where it lies. */
  slot slot;
  unsigned bytes;
  int is_predicate, negated;
  /** INTEGER; REAL: its bits, of a float if `is_single`, else of a double. */
  int64_t integer;
  int is_single;
  /** SYMBOL, and ADDRESS with a name. An index, as the list may move. */
  int symbol;
  int64_t offset;
  span name;
  /** VECTOR: its elements in the statement. */
  unsigned first, count;
  /** Second half of `%p|%q`: index of an element, or -1. */
  int pair;
} operand;

#define MAX_OPERANDS 8
#define MAX_ELEMENTS 320

typedef struct {
  span opcode, name;
  span modifiers[20];
  int modifier_count;
  type types[6];
  int type_count;
  operand operands[MAX_OPERANDS];
  int count;
  operand elements[MAX_ELEMENTS];
  unsigned element_count;
} statement;

typedef struct {
  unsigned bytes;
  slot slot;
  int is_mentioned;
  /** The statement of the last mention, the basic block of the first; whether all are in it and the first sets it. */
  uint32_t last, block;
  int is_temporary;
} register_entry;

/** Appends an element to a list that doubles. */
#define GROW(list, count, capacity) \
  do { \
    if ((count) == (capacity)) { \
      (capacity) = (capacity) ? 2 * (capacity) : 16; \
      (list) = realloc((list), (capacity) * sizeof *(list)); \
    } \
  } while (0)

typedef struct {
  ptx_module *module;
  ptx_kernel *kernel;
  lexer l;
  jmp_buf *failed;
  char *message;
  symbol *symbols;
  unsigned symbol_count, symbol_capacity;
  /** Symbols from here on are the kernel's. */
  unsigned kernel_symbols;
  register_entry *registers;
  unsigned register_count, register_capacity;
  /** 0: registers are counted and their lives noted; 1: they are placed. */
  int pass;
  uint32_t statement_index, block_index;
  /** The operand being parsed is one that the statement always sets. */
  int is_set;
  /** Places that are free again, by size: 2, 4, 8 and 16 bytes a lane. */
  slot *vacant[4];
  unsigned vacant_count[4], vacant_capacity[4];
  /** Names of registers mentioned by the statement. */
  unsigned mentioned[MAX_ELEMENTS];
  unsigned mentioned_count;
  struct placed_constant {
    uint64_t bits;
    unsigned bytes;
    slot slot;
  } *constants;
  unsigned constant_count, constants_capacity;
  size_t dynamic_shared;
  /** Depth of inlined calls. */
  int depth;
  uint32_t line;
  uint16_t file;
  uint32_t source_line;
  slot guard;
  int guard_negated;
  /** Branches whose labels are not known yet. */
  struct patch {
    uint32_t instruction;
    span label;
    uint32_t line;
  } *patches;
  unsigned patch_count, patch_capacity;
} parser;

_Noreturn void parse_failed(parser *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* symbols.c */
symbol *add_symbol(parser *, symbol_kind, span name);
/** The innermost symbol of the name; -1 if there is none. */
int find_symbol(parser *, span name);
/** Space for a variable; sets its address. */
void place_variable(parser *, symbol *);
unsigned declare_registers(parser *, unsigned count, unsigned bytes);
/** The place of a register; it is noted as mentioned. */
slot register_slot(parser *, unsigned index);
/** Frees the places of temporaries that the statement mentioned last. */
void vacate_registers(parser *);
slot temporary_slot(parser *, unsigned bytes);
slot constant_slot(parser *, uint64_t bits, unsigned bytes);
/** Where a special register such as `%tid.x` lies; 0 if there is none of the name. */
int special_register(span name, slot *where, unsigned *bytes);

/* operands.c */
void parse_operand(parser *, statement *, operand *);
int64_t parse_integer(parser *);

/* body.c */
/** The statements of a function up to its `}`. */
void parse_body(parser *);
void parse_call(parser *, const statement *);
uint32_t append(parser *, const instruction *);
instruction new_instruction(const parser *, const statement *);
void refer_to_label(parser *, uint32_t instruction, span label);

/* variables.c */
/** Parses `.align 4 .b8 name[16] = {…}` behind its space; returns the symbol's index. */
int parse_variable(parser *, space, int is_extern);

/* control.c */
void append_branch(parser *, instruction *, span label);
void append_exit(parser *, instruction *);
/** A call of a function that the module does not define, such as `__assertfail`. */
void append_outside_call(parser *, const statement *, span name);

/** A list that lives as long as the module. */
slot *new_list(parser *, unsigned count);

/* decode.c */
/** Fills in name, modifiers and types from the opcode. */
void split_opcode(parser *, statement *);
void decode(parser *, statement *);
int is(const statement *, const char *name);
int has(const statement *, const char *modifier);
/** Where an operand's lanes lie; a constant is placed. Fails if a register has not that many bytes. */
slot source(parser *, const statement *, const operand *, unsigned bytes);
slot destination(parser *, const statement *, const operand *, unsigned bytes);
slot predicate_source(parser *, const statement *, const operand *);

/** A row of a table of instructions. The shape gives each operand's bytes a lane; p: a predicate. */
typedef struct {
  const char *name, *modifier;
  type type;
  const char *shape;
  operation run;
} row;
/** Decodes by the first row that fits; returns 0 if none does. */
int decode_row(parser *, const statement *, const row *rows, size_t count);

/* Each decodes the instructions of its file; returns 0 if the statement is none of them. */
int decode_integer(parser *, const statement *);
int decode_logic(parser *, const statement *);
int decode_real(parser *, const statement *);
int decode_half(parser *, const statement *);
int decode_compare(parser *, const statement *);
int decode_convert(parser *, const statement *);
int decode_move(parser *, const statement *);
int decode_transfer(parser *, const statement *);
int decode_atomic(parser *, const statement *);
int decode_control(parser *, const statement *);
int decode_warp(parser *, const statement *);
int decode_matrix(parser *, const statement *);
int decode_copy(parser *, const statement *);
