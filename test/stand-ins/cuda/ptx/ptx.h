/**
 * Executes PTX as a GPU would, and notices what a GPU would not tell: accesses outside of allocations, races on shared
 * memory, reads of memory that nobody has written, barriers that not all threads reach.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct ptx_module ptx_module;
typedef struct ptx_kernel ptx_kernel;

/** Memory of the device, which is the host's. */
typedef struct {
  uint64_t begin, end;
  /** One for each byte from `begin` on: not 0 once it has been written. */
  uint8_t *written;
} ptx_allocation;

/** What a launch may touch. */
typedef struct {
  void *context;
  /** Fills in the allocation that holds the address; returns 0 if there is none. */
  int (*find)(void *context, uint64_t address, ptx_allocation *allocation);
} ptx_memory;

#define PTX_MESSAGE_BYTES 1024

/** Parses a module; null if it cannot be executed, and `message` says why, with the line. */
ptx_module *ptx_load(const char *text, char *message);
void ptx_unload(ptx_module *module);

/** A kernel by name; null if there is none. */
const ptx_kernel *ptx_find(const ptx_module *module, const char *name);
size_t ptx_parameter_bytes(const ptx_kernel *kernel);
size_t ptx_static_shared_bytes(const ptx_kernel *kernel);
/** An entry's `.maxntid`, 0 if it states none. */
unsigned ptx_max_threads(const ptx_kernel *kernel);

/** A variable of the module (`.global`, `.const`): its address and size; returns 0 if there is none. */
int ptx_variable(const ptx_module *module, const char *name, uint64_t *address, size_t *bytes);

/**
 * Runs a kernel to its end. `parameters` holds them as the kernel lays them out.
 * Returns 0, or another number, and `message` names the kernel, the lines of its PTX and source, the thread and what is wrong.
 */
int ptx_launch(const ptx_kernel *kernel, const unsigned grid[3], const unsigned block[3], size_t dynamic_shared_bytes,
               const void *parameters, const ptx_memory *memory, char *message);
