/** The driver's stand-in, as the other libraries call it: the one that MINILLM_CUDA_DRIVER names. */
#pragma once
#include <dlfcn.h>
#include <stdlib.h>

#include "stand-in.h"

static __typeof__(&stand_in_enqueue) enqueue;
static __typeof__(&stand_in_memory) memory;

/** Returns 0 if there is none. */
static int open_driver(void) {
  const char *path = getenv("MINILLM_CUDA_DRIVER");
  void *driver = path ? dlopen(path, RTLD_NOW) : NULL;
  if (!driver) return 0;
  enqueue = (__typeof__(enqueue))dlsym(driver, "stand_in_enqueue");
  memory = (__typeof__(memory))dlsym(driver, "stand_in_memory");
  return enqueue && memory;
}
