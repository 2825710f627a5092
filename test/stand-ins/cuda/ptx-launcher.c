/** Device memory for tests of the interpreter alone: allocations with nothing beside them, and launches. */
#include <stdlib.h>
#include <string.h>

#include "ptx/ptx.h"

#define MAX_ALLOCATIONS 64

static ptx_allocation allocations[MAX_ALLOCATIONS];

static int find(void *context, uint64_t address, ptx_allocation *found) {
  (void)context;
  for (int n = 0; n < MAX_ALLOCATIONS; n++) {
    if (address < allocations[n].begin || address >= allocations[n].end) continue;
    *found = allocations[n];
    return 1;
  }
  return 0;
}

/** Memory that nobody has written; 0 if there are too many allocations. */
uint64_t launcher_allocate(uint64_t bytes) {
  for (int n = 0; n < MAX_ALLOCATIONS; n++) {
    if (allocations[n].end) continue;
    uint64_t begin = (uint64_t)(uintptr_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
    allocations[n] = (ptx_allocation){begin, begin + bytes, calloc(bytes, 1)};
    memset((void *)(uintptr_t)begin, 0xcd, bytes);
    return begin;
  }
  return 0;
}

void launcher_free(uint64_t address) {
  for (int n = 0; n < MAX_ALLOCATIONS; n++) {
    if (allocations[n].begin != address || !allocations[n].end) continue;
    free((void *)(uintptr_t)address);
    free(allocations[n].written);
    allocations[n] = (ptx_allocation){0};
  }
}

void launcher_write(uint64_t address, const void *data, uint64_t bytes) {
  ptx_allocation a;
  if (!find(NULL, address, &a)) return;
  memcpy((void *)(uintptr_t)address, data, bytes);
  memset(a.written + (address - a.begin), 1, bytes);
}

void launcher_read(uint64_t address, void *data, uint64_t bytes) {
  memcpy(data, (const void *)(uintptr_t)address, bytes);
}

/** `extents`: the grid's and the block's. */
int launcher_launch(uint64_t kernel, const unsigned *extents, uint64_t shared, const void *parameters, char *message) {
  const ptx_memory memory = {.find = find};
  return ptx_launch((const ptx_kernel *)(uintptr_t)kernel, extents, extents + 3, shared, parameters, &memory, message);
}
