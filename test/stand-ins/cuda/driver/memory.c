/** The memory of devices, and page-locked memory of the host: blocks of the host's memory that lie apart from each other. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"

#define GUARD_BYTES 4096
#define ALIGNMENT 512
/** What fresh memory holds is anybody's guess. */
#define FRESH 0xa5

/** By address. */
static allocation *allocations;
static size_t count, room;
/** Bytes of each device that nothing has an address of. */
static uint64_t charged[MAX_DEVICES];

/** How many allocations begin at or below an address. */
static size_t rank_of(uint64_t address) {
  size_t low = 0, high = count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (allocations[middle].begin <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

const allocation *holder_of(uint64_t address) {
  const size_t rank = rank_of(address);
  return rank > 0 && address < allocations[rank - 1].end ? &allocations[rank - 1] : NULL;
}

EXPORT int stand_in_memory(uint64_t address, size_t bytes, uint8_t **written) {
  const allocation *each = holder_of(address);
  if (!each || each->is_host || bytes > each->end - address) return 0;
  *written = each->written + (address - each->begin);
  return 1;
}

static uint64_t used_by(int device) {
  uint64_t bytes = charged[device];
  for (size_t i = 0; i < count; i++)
    if (!allocations[i].is_host && allocations[i].device == device) bytes += allocations[i].end - allocations[i].begin;
  return bytes;
}

static int32_t allocate(size_t bytes, int is_host, uint64_t *address) {
  const int device = current_device();
  if (bytes == 0) return INVALID_VALUE;
  if (!is_host && bytes > device_bytes() - used_by(device)) return OUT_OF_MEMORY;
  uint8_t *block = malloc(bytes + 2 * GUARD_BYTES + ALIGNMENT), *written = is_host ? NULL : calloc(1, bytes);
  if (!block || !(is_host || written)) {
    free(block);
    free(written);
    return OUT_OF_MEMORY;
  }
  const uint64_t begin = ((uint64_t)(uintptr_t)block + GUARD_BYTES + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
  memset((void *)(uintptr_t)begin, is_host ? 0 : FRESH, bytes);
  if (count == room) allocations = realloc(allocations, (room = 2 * room + 16) * sizeof *allocations);
  const size_t rank = rank_of(begin);
  memmove(allocations + rank + 1, allocations + rank, (count++ - rank) * sizeof *allocations);
  allocations[rank] = (allocation){begin, begin + bytes, block, written, device, is_host};
  *address = begin;
  return SUCCESS;
}

static void release(size_t index) {
  free(allocations[index].block);
  free(allocations[index].written);
  memmove(allocations + index, allocations + index + 1, (--count - index) * sizeof *allocations);
}

static int32_t release_at(uint64_t address, int is_host) {
  const size_t rank = rank_of(address);
  if (rank == 0 || allocations[rank - 1].begin != address || allocations[rank - 1].is_host != is_host) return INVALID_VALUE;
  release(rank - 1);
  return SUCCESS;
}

int32_t charge(int device, size_t bytes) {
  if (bytes > device_bytes() - used_by(device)) return OUT_OF_MEMORY;
  charged[device] += bytes;
  return SUCCESS;
}

void discharge(int device, size_t bytes) { charged[device] -= bytes < charged[device] ? bytes : charged[device]; }

void release_all(int device) {
  charged[device] = 0;
  for (size_t i = count; i-- > 0;)
    if (allocations[i].device == device) release(i);
}

EXPORT int32_t cuMemGetInfo_v2(size_t *available, size_t *total) {
  ENTER();
  *total = device_bytes();
  *available = *total - used_by(current_device());
  return leave(SUCCESS);
}

EXPORT int32_t cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  ENTER_BY(enter_outside_captures);
  return leave(allocate(bytes, 0, address));
}

/** Waits for all work, as the driver does. */
EXPORT int32_t cuMemFree_v2(uint64_t address) {
  ENTER_BY(enter_outside_captures);
  finish_all();
  const int32_t result = release_at(address, 0);
  return leave(result ? result : failure);
}

EXPORT int32_t cuMemHostAlloc(uint64_t *address, size_t bytes, unsigned flags) {
  (void)flags;
  ENTER_BY(enter_outside_captures);
  return leave(allocate(bytes, 1, address));
}

EXPORT int32_t cuMemFreeHost(void *address) {
  ENTER_BY(enter_outside_captures);
  finish_all();
  const int32_t result = release_at((uint64_t)(uintptr_t)address, 1);
  return leave(result ? result : failure);
}
