/** Modules, which are PTX; their functions, and launches; calls of the host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "interpreter.h"

#define DEFAULT_SHARED_BYTES 49152
#define PARAMETER_BYTES 4096
#define MAX_THREADS 1024
#define MAX_GRID_YZ 65535

enum { MAX_DYNAMIC_SHARED_SIZE_BYTES = 8 };

typedef struct {
  ptx_module *loaded;
  int device;
  size_t bytes;
} module;

typedef struct {
  const ptx_kernel *kernel;
  size_t shared_limit;
} function;

/** What is compiled for a GPU runs on it and on later ones of its generation; `sm_90a`, on no other. */
static int is_for_this_gpu(const char *image) {
  const char *target = strstr(image, ".target sm_");
  int version;
  char only = 0;
  if (!target || sscanf(target, ".target sm_%d%c", &version, &only) < 1) return 1;
  if (only == 'a') return version == capability();
  return version / 10 == capability() / 10 && version <= capability();
}

/** A module takes as much memory as its image. */
EXPORT int32_t cuModuleLoadData(int64_t *result, const void *image) {
  ENTER_BY(enter_outside_captures);
  if (!is_for_this_gpu(image)) return leave(NO_BINARY_FOR_GPU);
  ptx_module *loaded = ptx()->ptx_load(image, message);
  if (!loaded) return leave(INVALID_IMAGE);
  const size_t bytes = strlen(image);
  if (charge(current_device(), bytes)) {
    ptx()->ptx_unload(loaded);
    return leave(OUT_OF_MEMORY);
  }
  module *m = malloc(sizeof *m);
  *m = (module){loaded, current_device(), bytes};
  *result = (int64_t)m;
  return leave(SUCCESS);
}

EXPORT int32_t cuModuleUnload(int64_t of) {
  ENTER_BY(enter_outside_captures);
  finish_all();
  module *m = (module *)of;
  ptx()->ptx_unload(m->loaded);
  discharge(m->device, m->bytes);
  free(m);
  return leave(failure);
}

EXPORT int32_t cuModuleGetFunction(int64_t *result, int64_t of, const char *name) {
  ENTER();
  const ptx_kernel *kernel = ptx()->ptx_find(((module *)of)->loaded, name);
  if (!kernel) return leave(NOT_FOUND);
  const size_t fixed = ptx()->ptx_static_shared_bytes(kernel);
  function *f = malloc(sizeof *f);
  *f = (function){kernel, fixed < DEFAULT_SHARED_BYTES ? DEFAULT_SHARED_BYTES - fixed : 0};
  *result = (int64_t)f;
  return leave(SUCCESS);
}

EXPORT int32_t cuFuncSetAttribute(int64_t of, int32_t attribute, int value) {
  ENTER();
  function *f = (function *)of;
  if (attribute != MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 ||
      (size_t)value + ptx()->ptx_static_shared_bytes(f->kernel) > shared_bytes_of_block())
    return leave(INVALID_VALUE);
  if ((size_t)value > f->shared_limit) f->shared_limit = (size_t)value;
  return leave(SUCCESS);
}

/** The interpreter has no registers to count. */
EXPORT int32_t cuFuncGetAttribute(int *value, int32_t attribute, int64_t of) {
  (void)attribute;
  (void)of;
  *value = 0;
  return SUCCESS;
}

/** Kernels see no memory of the host, which would be slow on a GPU. */
static int find_for_kernel(void *context, uint64_t address, ptx_allocation *found) {
  (void)context;
  const allocation *each = holder_of(address);
  if (!each || each->is_host) return 0;
  *found = (ptx_allocation){.begin = each->begin, .end = each->end, .written = each->written};
  return 1;
}

typedef struct {
  const ptx_kernel *kernel;
  unsigned grid[3], block[3];
  size_t shared;
  uint8_t parameters[PARAMETER_BYTES];
} launch;

static int do_launch(void *data, char *text) {
  const launch *l = data;
  const ptx_memory memory = {.find = find_for_kernel};
  return ptx()->ptx_launch(l->kernel, l->grid, l->block, l->shared, l->parameters, &memory, text);
}

static int is_possible(const function *f, const launch *l) {
  const unsigned *g = l->grid, *b = l->block, most = ptx()->ptx_max_threads(f->kernel);
  const uint64_t threads = (uint64_t)b[0] * b[1] * b[2];
  if (!g[0] || !g[1] || !g[2] || g[0] > INT32_MAX || g[1] > MAX_GRID_YZ || g[2] > MAX_GRID_YZ) return 0;
  return threads > 0 && threads <= (most ? most : MAX_THREADS) && l->shared <= f->shared_limit;
}

/** Takes parameters from the buffer that `extra` names, which must have the kernel's size. */
EXPORT int32_t cuLaunchKernel(int64_t of, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                              unsigned shared, int64_t on, void **parameters, void **extra) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  const function *f = (const function *)of;
  launch l = {.kernel = f->kernel, .grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared};
  const void *values = NULL;
  size_t bytes = 0;
  for (; extra && *extra; extra += 2) {
    if (*extra == (void *)1) values = extra[1];
    if (*extra == (void *)2) bytes = *(const size_t *)extra[1];
  }
  if (parameters || bytes != ptx()->ptx_parameter_bytes(f->kernel) || bytes > PARAMETER_BYTES || !is_possible(f, &l))
    return leave(INVALID_VALUE);
  if (bytes) memcpy(l.parameters, values, bytes);
  append(s, NULL, do_launch, &l, sizeof l);
  return leave(SUCCESS);
}

typedef struct {
  void (*function)(void *data);
  void *data;
} host_call;

static int call_host(void *data, char *text) {
  (void)text;
  const host_call *c = data;
  c->function(c->data);
  return 0;
}

EXPORT int32_t cuLaunchHostFunc(int64_t on, void (*what)(void *data), void *data) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  const host_call c = {what, data};
  append(s, NULL, call_host, &c, sizeof c);
  return leave(SUCCESS);
}
