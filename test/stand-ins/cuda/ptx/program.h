/** What a module is parsed into: kernels as arrays of decoded instructions, whose operands are places of 32 lanes. */
#pragma once
#include <stdint.h>

#include "ptx.h"

#define LANES 32
#define ALL_LANES 0xffffffffu
#define MAX_WARPS 32

/** Where the lanes of a register lie: an offset in bytes into a warp's registers, or into the kernel's constants. */
typedef uint32_t slot;
#define CONSTANT 0x80000000u
#define NO_SLOT 0x7fffffffu

typedef enum {
  NO_TYPE, PREDICATE,
  B8, B16, B32, B64, B128,
  U8, U16, U32, U64,
  S8, S16, S32, S64,
  F16, F16X2, BF16, BF16X2, TF32, F32, F64,
} type;

typedef enum { GENERIC, GLOBAL, CONST, SHARED, LOCAL, PARAM } space;

/** Generic addresses of shared and local memory and of parameters; all others are the host's. */
#define SHARED_WINDOW ((uint64_t)1 << 56)
#define LOCAL_WINDOW ((uint64_t)2 << 56)
#define PARAM_WINDOW ((uint64_t)3 << 56)
#define WINDOW(address) ((address) >> 56)

typedef struct warp warp;
typedef struct instruction instruction;
/** Does an instruction for the lanes of `warp.active`. */
typedef void (*operation)(warp *, const instruction *);

/** Which lanes must have come to an instruction before it is done: its own, those of a mask, all of the warp. */
typedef enum { NO_GATHERING, GATHER_MASK, GATHER_WARP } gathering;

struct instruction {
  operation run;
  /** What a wrapper (rounding, flushing) runs. */
  operation inner;
  slot d, a, b, c, e;
  /** A predicate, or NO_SLOT. */
  slot guard;
  slot mask;
  uint8_t guard_negated;
  uint8_t gathering;
  /** Of a memory access: bytes of an element, of its register, elements, and whether small ones keep their sign. */
  uint8_t bytes, register_bytes, count, is_signed;
  uint8_t space;
  uint8_t rounding, flushes;
  uint8_t is_transposed;
  /** Distinguishes forms of one operation: a mode, a lookup table, flags. */
  uint32_t form;
  uint32_t target;
  int64_t offset;
  /** Operands of a vector, or of a matrix product. */
  slot *list;
  uint32_t line, source_line;
  uint16_t file, opcode_length;
  const char *opcode;
};

struct ptx_kernel {
  ptx_module *module;
  char *name;
  instruction *code;
  uint32_t length, capacity;
  size_t register_bytes, constant_bytes, constant_capacity;
  uint8_t *constants;
  /** Lists of operands. */
  slot **lists;
  unsigned list_count;
  size_t parameter_bytes, shared_bytes, local_bytes;
  unsigned max_threads;
  /** The smallest access to shared and to global memory, which sets how finely races are looked for. */
  unsigned shared_granule, global_granule;
};

/** A variable of the module in device memory. */
typedef struct {
  char *name;
  uint8_t *data, *written;
  size_t bytes;
} variable;

struct ptx_module {
  char *text;
  char **files;
  unsigned file_count;
  ptx_kernel **kernels;
  unsigned kernel_count;
  variable *variables;
  unsigned variable_count;
};

static inline unsigned type_bytes(type t) {
  static const uint8_t bytes[] = {[B8] = 1, [B16] = 2, [B32] = 4, [B64] = 8, [B128] = 16, [U8] = 1, [U16] = 2,
                                  [U32] = 4, [U64] = 8, [S8] = 1, [S16] = 2, [S32] = 4, [S64] = 8, [F16] = 2,
                                  [F16X2] = 4, [BF16] = 2, [BF16X2] = 4, [TF32] = 4, [F32] = 4, [F64] = 8};
  return bytes[t];
}
static inline int is_signed_type(type t) { return t >= S8 && t <= S64; }
static inline int is_integer_type(type t) { return t >= B8 && t <= S64; }
