/** The driver's stand-in, as the other libraries call it: the one that MINILLM_CUDA_DRIVER names. */
#pragma once
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "stand-in.h"

static __typeof__(&stand_in_enqueue) enqueue;
static __typeof__(&stand_in_memory) memory;

static char driver_path[4096];

/** When the library is opened: later another thread may change the environment meanwhile. */
__attribute__((constructor)) static void note_driver(void) {
  const char *path = getenv("MINILLM_CUDA_DRIVER");
  if (path) snprintf(driver_path, sizeof driver_path, "%s", path);
}

/** Returns 0 if there is none. */
static int open_driver(void) {
  void *driver = driver_path[0] ? dlopen(driver_path, RTLD_NOW) : NULL;
  if (!driver) return 0;
  enqueue = (__typeof__(enqueue))dlsym(driver, "stand_in_enqueue");
  memory = (__typeof__(memory))dlsym(driver, "stand_in_memory");
  return enqueue && memory;
}
