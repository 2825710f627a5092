/** The interpreter of PTX (ptx/ptx.h), a library of its own that MINILLM_STANDIN_PTX names. */
#pragma once
#include "../ptx/ptx.h"

#define INTERPRETER_FUNCTIONS(F) \
  F(ptx_load) F(ptx_unload) F(ptx_find) F(ptx_parameter_bytes) F(ptx_static_shared_bytes) F(ptx_max_threads) F(ptx_launch)

#define FIELD(name) __typeof__(&name) name;
typedef struct { INTERPRETER_FUNCTIONS(FIELD) } interpreter;
#undef FIELD

/** Opens it when it is first needed. */
const interpreter *ptx(void);
