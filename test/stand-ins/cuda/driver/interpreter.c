/** Opens the interpreter of PTX. */
#include <dlfcn.h>
#include <stdlib.h>

#include "interpreter.h"

const interpreter *ptx(void) {
  static interpreter found;
  if (found.ptx_load) return &found;
  void *library = dlopen(getenv("MINILLM_STANDIN_PTX"), RTLD_NOW);
  if (!library) abort();
#define FIND(name) found.name = (__typeof__(found.name))dlsym(library, #name);
  INTERPRETER_FUNCTIONS(FIND)
  return &found;
}
