/**
 * The real NVRTC (MINILLM_STANDIN_NVRTC names it), but that what it gives for a GPU is PTX with line numbers, which the driver's
 * stand-in executes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glob.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_OPTIONS 64

/** Opens the library of built-in functions beside NVRTC, which looks for it by name alone. */
static void open_builtins(const char *nvrtc) {
  char pattern[4096];
  const char *slash = strrchr(nvrtc, '/');
  if (!slash) return;
  snprintf(pattern, sizeof pattern, "%.*s/libnvrtc-builtins.so.*", (int)(slash - nvrtc), nvrtc);
  glob_t found;
  if (glob(pattern, 0, NULL, &found)) return;
  for (size_t i = 0; i < found.gl_pathc; i++) dlopen(found.gl_pathv[i], RTLD_NOW | RTLD_GLOBAL);
  globfree(&found);
}

static void *real(const char *name) {
  static void *library;
  if (!library) {
    const char *path = getenv("MINILLM_STANDIN_NVRTC");
    open_builtins(path);
    library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  }
  if (!library) abort();
  return dlsym(library, name);
}

#define CALL(name, type, ...) ((type)real(#name))(__VA_ARGS__)

EXPORT int32_t nvrtcVersion(int *major, int *minor) { return CALL(nvrtcVersion, int32_t(*)(int *, int *), major, minor); }
EXPORT int32_t nvrtcGetNumSupportedArchs(int *count) { return CALL(nvrtcGetNumSupportedArchs, int32_t(*)(int *), count); }
EXPORT int32_t nvrtcGetSupportedArchs(int *each) { return CALL(nvrtcGetSupportedArchs, int32_t(*)(int *), each); }
EXPORT const char *nvrtcGetErrorString(int32_t result) {
  return CALL(nvrtcGetErrorString, const char *(*)(int32_t), result);
}
EXPORT int32_t nvrtcCreateProgram(int64_t *program, const char *source, const char *name, int count,
                                  const char *const *headers, const char *const *names) {
  typedef int32_t create(int64_t *, const char *, const char *, int, const char *const *, const char *const *);
  return CALL(nvrtcCreateProgram, create *, program, source, name, count, headers, names);
}
EXPORT int32_t nvrtcCompileProgram(int64_t program, int count, const char *const *options) {
  const char *all[MAX_OPTIONS];
  if (count >= MAX_OPTIONS) return 3;
  char architecture[64], number[16];
  for (int i = 0; i < count; i++) {
    all[i] = options[i];
    /* for a virtual one no cubin is made, which takes as long as the PTX */
    if (sscanf(options[i], "--gpu-architecture=sm_%15s", number) != 1) continue;
    snprintf(architecture, sizeof architecture, "--gpu-architecture=compute_%s", number);
    all[i] = architecture;
  }
  all[count] = "-lineinfo";
  return CALL(nvrtcCompileProgram, int32_t(*)(int64_t, int, const char *const *), program, count + 1, all);
}
EXPORT int32_t nvrtcDestroyProgram(int64_t *program) { return CALL(nvrtcDestroyProgram, int32_t(*)(int64_t *), program); }

#define SIZE(name, of) \
  EXPORT int32_t name(int64_t program, size_t *bytes) { return CALL(of, int32_t(*)(int64_t, size_t *), program, bytes); }
#define CONTENT(name, of) \
  EXPORT int32_t name(int64_t program, char *content) { return CALL(of, int32_t(*)(int64_t, char *), program, content); }
SIZE(nvrtcGetProgramLogSize, nvrtcGetProgramLogSize)
CONTENT(nvrtcGetProgramLog, nvrtcGetProgramLog)
SIZE(nvrtcGetPTXSize, nvrtcGetPTXSize)
CONTENT(nvrtcGetPTX, nvrtcGetPTX)
SIZE(nvrtcGetCUBINSize, nvrtcGetPTXSize)
CONTENT(nvrtcGetCUBIN, nvrtcGetPTX)
