/**
 * NCCL over the GPUs of the driver's stand-in, between processes of one machine: ranks exchange pieces of their data through
 * memory that they share. A collective is work of its stream, done when something waits for it there; it ends once all
 * ranks have come to it. Sums are made in the order of ranks, so all ranks get the same bits.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../../src/distributed/nccl/types.h"

#include "../../../../src/distributed/nccl/functions.h"
#include "../driver-link.h"
#include "shared.h"

#define EXPORT __attribute__((visibility("default")))
#define VERSION 23007
/** How long a collective looks out for the others before something else may be done. */
#define LOOKS 20
#define LOOK_NANOSECONDS 50000

enum { ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, BROADCAST };

struct ncclComm {
  shared_world *world;
  place *own;
  int rank, size, is_aborted;
  ncclResult_t error;
  /** Pieces that have been exchanged. */
  int64_t exchanged;
  /** Elements of the current collective that are done, and whether the next piece lies in this rank's place. */
  size_t done;
  int has_posted;
};

typedef struct {
  ncclComm_t comm;
  int kind;
  uint64_t from, to;
  size_t count;
  ncclDataType_t type;
  int root;
} collective;

static size_t width(ncclDataType_t type) { return type == ncclFloat32 ? 4 : type == ncclFloat64 ? 8 : 1; }

/** Whether all ranks have come as far as `target` says of each; notes if one never will. */
static int all_have(ncclComm_t comm, size_t counter, int64_t target) {
  for (int r = 0; r < comm->size; r++) {
    const place *p = &comm->world->places[r];
    const int64_t *value = (const int64_t *)((const char *)p + counter);
    if (__atomic_load_n(value, __ATOMIC_ACQUIRE) >= target) continue;
    if (!is_gone(p)) return 0;
    if (__atomic_load_n(value, __ATOMIC_ACQUIRE) >= target) continue; /* it came, and left */
    comm->error = ncclRemoteError;
    return 0;
  }
  return 1;
}
#define ALL_HAVE(comm, field, target) all_have(comm, offsetof(place, field), target)

static int lies_outside(char *message, const char *what, uint64_t address, size_t bytes) {
  snprintf(message, MESSAGE_BYTES, "a collective %s %zu bytes at 0x%llx, which are not in one allocation", what, bytes,
           (unsigned long long)address);
  return 0;
}

/** Elements of the next piece. A reduce-scatter sends a part of every slice. */
static size_t piece_of(const collective *c) {
  const size_t sent = c->kind == REDUCE_SCATTER ? (size_t)c->comm->size : 1;
  const size_t most = PIECE_BYTES / width(c->type) / sent, left = c->count - c->comm->done;
  return left < most ? left : most;
}

/** Puts this rank's next piece where the others find it. */
static int post(const collective *c, char *message) {
  place *own = c->comm->own;
  const size_t size = width(c->type), bytes = size * piece_of(c);
  const int slices = c->kind == REDUCE_SCATTER ? c->comm->size : c->kind == BROADCAST && c->root != c->comm->rank ? 0 : 1;
  for (int s = 0; s < slices; s++) {
    const uint64_t from = c->from + size * ((size_t)s * c->count + c->comm->done);
    uint8_t *written;
    if (!memory(from, bytes, &written)) return lies_outside(message, "reads", from, bytes);
    memcpy(own->data + bytes * (size_t)s, (const void *)(uintptr_t)from, bytes);
    memcpy(own->written + bytes * (size_t)s, written, bytes);
  }
  own->kind = c->kind, own->type = (int64_t)c->type, own->root = c->root, own->count = (int64_t)c->count;
  __atomic_store_n(&own->posted, c->comm->exchanged + 1, __ATOMIC_RELEASE);
  return 1;
}

static int is_same_everywhere(const collective *c) {
  for (int r = 0; r < c->comm->size; r++) {
    const place *p = &c->comm->world->places[r];
    if (p->kind != c->kind || p->type != (int64_t)c->type || p->root != c->root || p->count != (int64_t)c->count) return 0;
  }
  return 1;
}

#define SUM_AS(type)                                                          \
  for (int r = 0; r < comm->size; r++) {                                      \
    const type *x = (const type *)(comm->world->places[r].data + offset);     \
    for (size_t i = 0; i < bytes / sizeof(type); i++)                         \
      ((type *)to)[i] = r == 0 ? x[i] : ((type *)to)[i] + x[i];               \
  }

static void sum(ncclComm_t comm, ncclDataType_t type, size_t offset, size_t bytes, void *to, uint8_t *written) {
  if (type == ncclFloat32) SUM_AS(float)
  if (type == ncclFloat64) SUM_AS(double)
  memset(written, 1, bytes);
  for (int r = 0; r < comm->size; r++)
    for (size_t i = 0; i < bytes; i++) written[i] &= comm->world->places[r].written[offset + i];
}

/** Makes this rank's next piece of the result of all ranks' pieces. */
static int take(const collective *c, char *message) {
  ncclComm_t comm = c->comm;
  const size_t size = width(c->type), bytes = size * piece_of(c);
  const int parts = c->kind == ALL_GATHER ? comm->size : 1;
  for (int part = 0; part < parts; part++) {
    const uint64_t to = c->to + size * ((size_t)part * c->count + comm->done);
    uint8_t *written;
    if (!memory(to, bytes, &written)) return lies_outside(message, "writes", to, bytes);
    if (c->kind == ALL_REDUCE || c->kind == REDUCE_SCATTER) {
      const size_t offset = c->kind == REDUCE_SCATTER ? bytes * (size_t)comm->rank : 0;
      sum(comm, c->type, offset, bytes, (void *)(uintptr_t)to, written);
    } else {
      const place *p = &comm->world->places[c->kind == ALL_GATHER ? part : c->root];
      memcpy((void *)(uintptr_t)to, p->data, bytes);
      memcpy(written, p->written, bytes);
    }
  }
  return 1;
}

/** As much of a collective as the others allow. */
static int advance(const collective *c, char *message) {
  ncclComm_t comm = c->comm;
  while (comm->done < c->count) {
    if (comm->is_aborted) break;
    if (comm->error) return NOT_YET;
    if (!comm->has_posted) {
      if (!ALL_HAVE(comm, taken, comm->exchanged)) return NOT_YET;
      if (!post(c, message)) return 1;
      comm->has_posted = 1;
    }
    if (!ALL_HAVE(comm, posted, comm->exchanged + 1)) return NOT_YET;
    if (!is_same_everywhere(c)) {
      comm->error = ncclInvalidUsage;
      return NOT_YET;
    }
    if (!take(c, message)) return 1;
    comm->done += piece_of(c);
    comm->has_posted = 0;
    __atomic_store_n(&comm->own->taken, ++comm->exchanged, __ATOMIC_RELEASE);
  }
  comm->done = 0;
  return 0;
}

static int communicate(void *data, char *message) {
  for (int looks = 0; looks < LOOKS; looks++) {
    const int result = advance(data, message);
    if (result != NOT_YET) return result;
    nanosleep(&(struct timespec){.tv_nsec = LOOK_NANOSECONDS}, NULL);
  }
  return NOT_YET;
}

static ncclResult_t begin(collective c, cudaStream_t stream) {
  if (c.type != ncclFloat32 && c.type != ncclFloat64 && (c.type != ncclUint8 || c.kind < ALL_GATHER)) return ncclInvalidArgument;
  if (c.count == 0) return ncclSuccess;
  return enqueue((int64_t)stream, communicate, &c, sizeof c) ? ncclUnhandledCudaError : ncclSuccess;
}

EXPORT ncclResult_t ncclGetVersion(int *version) {
  *version = VERSION;
  return ncclSuccess;
}

/** What NCCL_COMM_ID says, else something that no other process says. */
EXPORT ncclResult_t ncclGetUniqueId(ncclUniqueId *id) {
  static int made;
  const char *address = getenv("NCCL_COMM_ID");
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  memset(id, 0, sizeof *id);
  if (address && *address) snprintf(id->internal, sizeof id->internal, "%s", address);
  else snprintf(id->internal, sizeof id->internal, "%d %d %lld.%09ld", getpid(), ++made, (long long)time.tv_sec, time.tv_nsec);
  return ncclSuccess;
}

/** A file's name for an id. */
static void name_of(const ncclUniqueId *id, char *name, size_t bytes) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < sizeof *id; i++) hash = (hash ^ (uint8_t)id->internal[i]) * 1099511628211u;
  snprintf(name, bytes, "%016llx", (unsigned long long)hash);
}

EXPORT ncclResult_t ncclCommInitRank(ncclComm_t *result, int size, ncclUniqueId id, int rank) {
  char name[32];
  shared_world *world = NULL;
  if (size < 1 || size > MAX_RANKS || rank < 0 || rank >= size) return ncclInvalidArgument;
  if (!open_driver()) return ncclUnhandledCudaError;
  name_of(&id, name, sizeof name);
  switch (join_world(name, size, rank, &world)) {
    case MET: break;
    case MISUSED: return ncclInvalidUsage;
    case RANK_DIED: return ncclRemoteError;
    default: return ncclSystemError;
  }
  *result = calloc(1, sizeof **result);
  **result = (struct ncclComm){.world = world, .own = &world->places[rank], .rank = rank, .size = size};
  return ncclSuccess;
}

static void tell_that_left(ncclComm_t comm) { __atomic_store_n(&comm->own->has_left, 1, __ATOMIC_RELEASE); }

EXPORT ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  tell_that_left(comm);
  unmap_world(comm->world);
  free(comm);
  return ncclSuccess;
}

/** Work that is still on streams ends without doing anything. */
EXPORT ncclResult_t ncclCommAbort(ncclComm_t comm) {
  tell_that_left(comm);
  __atomic_store_n(&comm->is_aborted, 1, __ATOMIC_RELEASE);
  return ncclSuccess;
}

EXPORT ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error) {
  *error = comm->error;
  return ncclSuccess;
}

EXPORT ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                                  ncclComm_t comm, cudaStream_t stream) {
  if (operation != ncclSum) return ncclInvalidArgument;
  return begin((collective){comm, ALL_REDUCE, (uint64_t)from, (uint64_t)to, count, type, 0}, stream);
}

EXPORT ncclResult_t ncclReduceScatter(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                                      ncclComm_t comm, cudaStream_t stream) {
  if (operation != ncclSum) return ncclInvalidArgument;
  return begin((collective){comm, REDUCE_SCATTER, (uint64_t)from, (uint64_t)to, count, type, 0}, stream);
}

EXPORT ncclResult_t ncclAllGather(const void *from, void *to, size_t count, ncclDataType_t type, ncclComm_t comm,
                                  cudaStream_t stream) {
  return begin((collective){comm, ALL_GATHER, (uint64_t)from, (uint64_t)to, count, type, 0}, stream);
}

EXPORT ncclResult_t ncclBroadcast(const void *from, void *to, size_t count, ncclDataType_t type, int root, ncclComm_t comm,
                                  cudaStream_t stream) {
  return begin((collective){comm, BROADCAST, (uint64_t)from, (uint64_t)to, count, type, root}, stream);
}

EXPORT const char *ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess: return "no error";
    case ncclUnhandledCudaError: return "unhandled cuda error";
    case ncclSystemError: return "unhandled system error";
    case ncclInvalidArgument: return "invalid argument";
    case ncclInvalidUsage: return "invalid usage";
    case ncclRemoteError: return "remote process exited or there was a network error";
    default: return "internal error";
  }
}

EXPORT const char *ncclGetLastError(ncclComm_t comm) {
  (void)comm;
  return "";
}
