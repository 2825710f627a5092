/**
 * Collectives over NCCL, each on a stream of its own beside the device's. Events order the two: a collective begins after
 * the kernels that were launched before it, and the device's stream waits for it only in `wait`. Both may be called while
 * the device's stream is being captured, `wait` at the latest before the capture ends: the driver refuses a graph whose
 * streams are not joined.
 *
 * One thread joins the world, and then looks for failures: NCCL's own, and collectives that do not end. A failed world is
 * aborted, which ends NCCL's kernels.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "types.h"

#include "functions.h"

#define EXPORT __attribute__((visibility("default")))

/** As COLLECTIVES of communicator.ts numbers them. */
enum { ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER };
/** As ELEMENT_TYPES numbers them; the last is for the host alone. */
enum { FLOAT32, FLOAT64, BYTES };
/** As nccl.ts numbers them. */
enum { JOINING, JOINED, FAILED };

#define MESSAGE_BYTES 512
#define WATCH_NANOSECONDS 200000000
/** How long a call of NCCL may go on before an abort ends it. */
#define GRACE_NANOSECONDS 2000000000

#define FIELD(name) __typeof__(&name) name;
static struct { NCCL_FUNCTIONS(FIELD) CUDA_FUNCTIONS(FIELD) } api;

typedef struct {
  pthread_mutex_t mutex;
  /** Held during collectives' calls of NCCL. An abort waits for them a while, and then ends them. */
  pthread_mutex_t calls;
  pthread_cond_t closed;
  pthread_t thread;
  int state, closing, rank, size;
  ncclUniqueId id;
  CUcontext context;
  ncclComm_t comm;
  CUstream stream;
  /** The device has come to a collective; the collectives have ended. */
  CUevent ready, ended;
  /** Whether a collective has begun since the last `wait`. */
  int has_begun;
  /** When the device came to the first collective that has not ended, in ns; 0 if none is under way. */
  _Atomic int64_t busy_since;
  /** How long collectives may take, in ns. */
  int64_t limit;
  char message[MESSAGE_BYTES];
} world;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct timespec after(int64_t nanoseconds) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  nanoseconds += time.tv_nsec;
  time.tv_sec += (time_t)(nanoseconds / 1000000000);
  time.tv_nsec = (long)(nanoseconds % 1000000000);
  return time;
}

/** The first failure counts. */
static void fail(world *w, const char *message) {
  pthread_mutex_lock(&w->mutex);
  if (w->state != FAILED) snprintf(w->message, MESSAGE_BYTES, "rank %d: %s", w->rank, message);
  w->state = FAILED;
  pthread_cond_signal(&w->closed);
  pthread_mutex_unlock(&w->mutex);
}

static int state_of(world *w) {
  pthread_mutex_lock(&w->mutex);
  const int state = w->state;
  pthread_mutex_unlock(&w->mutex);
  return state;
}

static void describe(ncclResult_t result, const char *doing, char *message) {
  const char *detail = api.ncclGetLastError(NULL);
  snprintf(message, MESSAGE_BYTES, "NCCL failed in %s: %s%s%s", doing, api.ncclGetErrorString(result),
           detail && *detail ? ": " : "", detail ? detail : "");
}

/** Whether NCCL succeeded; fails the world otherwise. */
static int check_nccl(world *w, ncclResult_t result, const char *doing) {
  char message[MESSAGE_BYTES];
  if (result == ncclSuccess) return 1;
  describe(result, doing, message);
  fail(w, message);
  return 0;
}

/** Whether the driver succeeded; fails the world otherwise. */
static int check_driver(world *w, CUresult result, const char *doing) {
  char message[MESSAGE_BYTES];
  const char *reason = NULL;
  if (result == CUDA_SUCCESS) return 1;
  api.cuGetErrorString(result, &reason);
  snprintf(message, MESSAGE_BYTES, "the CUDA driver failed in %s: %s", doing, reason ? reason : "unknown error");
  fail(w, message);
  return 0;
}

/** Calls the driver by the name of a function, and checks the result. */
#define DRIVER(w, function, ...) check_driver(w, api.function(__VA_ARGS__), #function)

static int join(world *w) {
  int least = 0, greatest = 0;
  ncclComm_t comm = NULL;
  if (!DRIVER(w, cuCtxSetCurrent, w->context) || !DRIVER(w, cuCtxGetStreamPriorityRange, &least, &greatest) ||
      !DRIVER(w, cuStreamCreateWithPriority, &w->stream, CU_STREAM_NON_BLOCKING, greatest) ||
      !DRIVER(w, cuEventCreate, &w->ready, CU_EVENT_DISABLE_TIMING) ||
      !DRIVER(w, cuEventCreate, &w->ended, CU_EVENT_DISABLE_TIMING) ||
      !check_nccl(w, api.ncclCommInitRank(&comm, w->size, w->id, w->rank), "joining the other ranks"))
    return 0;
  pthread_mutex_lock(&w->mutex);
  w->comm = comm;
  if (w->state == JOINING) w->state = JOINED;
  pthread_mutex_unlock(&w->mutex);
  return 1;
}

/** Fails the world when NCCL says so, or when collectives do not end. */
static void look(world *w) {
  ncclResult_t error = ncclSuccess;
  const ncclResult_t result = api.ncclCommGetAsyncError(w->comm, &error);
  if (!check_nccl(w, result, "looking for errors") || !check_nccl(w, error, "a collective")) return;
  const int64_t since = atomic_load(&w->busy_since), waited = now() - since;
  char message[MESSAGE_BYTES];
  if (!since || waited <= w->limit) return;
  snprintf(message, MESSAGE_BYTES,
           "collectives have not ended for %lld s: another rank has ended, been stopped or fallen far back, or the network is down",
           (long long)(waited / 1000000000));
  fail(w, message);
}

static void leave(world *w) {
  if (!DRIVER(w, cuStreamSynchronize, w->stream)) return;
  check_nccl(w, api.ncclCommDestroy(w->comm), "leaving the other ranks");
  DRIVER(w, cuEventDestroy_v2, w->ready);
  DRIVER(w, cuEventDestroy_v2, w->ended);
  DRIVER(w, cuStreamDestroy_v2, w->stream);
}

static void *communicate(void *argument) {
  world *w = argument;
  if (!join(w)) return NULL;
  pthread_mutex_lock(&w->mutex);
  while (w->state == JOINED && !w->closing) {
    const struct timespec until = after(WATCH_NANOSECONDS);
    pthread_cond_timedwait(&w->closed, &w->mutex, &until);
    if (w->state != JOINED || w->closing) break;
    pthread_mutex_unlock(&w->mutex);
    look(w);
    pthread_mutex_lock(&w->mutex);
  }
  const int in_order = w->state == JOINED;
  pthread_mutex_unlock(&w->mutex);
  if (in_order) {
    leave(w);
    return NULL;
  }
  const struct timespec until = after(GRACE_NANOSECONDS);
  const int have_ended = !pthread_mutex_timedlock(&w->calls, &until);
  api.ncclCommAbort(w->comm);
  if (have_ended) pthread_mutex_unlock(&w->calls);
  return NULL;
}

/** Finds the functions of NCCL and of the driver. Returns 0, or another number: `message` says what is missing. */
EXPORT int32_t nccl_load(const char *nccl_path, const char *driver_path, char *message) {
  void *nccl = dlopen(nccl_path, RTLD_NOW | RTLD_LOCAL), *driver = nccl ? dlopen(driver_path, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!nccl || !driver) {
    snprintf(message, MESSAGE_BYTES, "%s", dlerror());
    return 1;
  }
#define FIND(library, path, name)                                              \
  if (!(api.name = (__typeof__(api.name))dlsym(library, #name))) {             \
    snprintf(message, MESSAGE_BYTES, "%s has no function %s", path, #name);    \
    return 1;                                                                  \
  }
#define FIND_IN_NCCL(name) FIND(nccl, nccl_path, name)
#define FIND_IN_DRIVER(name) FIND(driver, driver_path, name)
  NCCL_FUNCTIONS(FIND_IN_NCCL)
  CUDA_FUNCTIONS(FIND_IN_DRIVER)
  return 0;
}

/** Makes the id of a world, or the one that NCCL_COMM_ID stands for. Returns 0, or another number: `message` says why. */
EXPORT int32_t nccl_unique_id(ncclUniqueId *id, char *message) {
  const ncclResult_t result = api.ncclGetUniqueId(id);
  if (result != ncclSuccess) describe(result, "making the id of a world", message);
  return result;
}

/** Starts to join the world; null when memory or threads are short. `nccl_state` says what came of it. */
EXPORT void *nccl_open(void *context, const ncclUniqueId *id, int32_t rank, int32_t size, int32_t limit_seconds) {
  world *w = calloc(1, sizeof(world));
  if (!w) return NULL;
  pthread_mutex_init(&w->mutex, NULL);
  pthread_mutex_init(&w->calls, NULL);
  pthread_cond_init(&w->closed, NULL);
  w->context = context;
  w->id = *id;
  w->rank = rank;
  w->size = size;
  w->limit = (int64_t)limit_seconds * 1000000000;
  if (pthread_create(&w->thread, NULL, communicate, w)) {
    free(w);
    return NULL;
  }
  return w;
}

EXPORT int32_t nccl_state(world *w) { return state_of(w); }

/** Copies why the world has failed into `message`, of MESSAGE_BYTES. */
EXPORT void nccl_message(world *w, char *message) {
  pthread_mutex_lock(&w->mutex);
  memcpy(message, w->message, MESSAGE_BYTES);
  pthread_mutex_unlock(&w->mutex);
}

static void mark_busy(void *context) { atomic_store(&((world *)context)->busy_since, now()); }
static void mark_idle(void *context) { atomic_store(&((world *)context)->busy_since, 0); }

/**
 * Makes the communication stream follow the device's, for a call of NCCL. If it returns 1, `calls` is held; a world that
 * fails from then on is aborted after the call.
 */
static int enter(world *w, CUstream stream) {
  if (state_of(w) != JOINED || !DRIVER(w, cuEventRecord, w->ready, stream) ||
      !DRIVER(w, cuStreamWaitEvent, w->stream, w->ready, 0))
    return 0;
  if (!w->has_begun && !DRIVER(w, cuLaunchHostFunc, w->stream, mark_busy, w)) return 0;
  w->has_begun = 1;
  pthread_mutex_lock(&w->calls);
  if (state_of(w) == JOINED) return 1;
  pthread_mutex_unlock(&w->calls);
  return 0;
}

static int clear(world *w, char *from, const char *to) {
  return from == to || DRIVER(w, cuMemsetD8Async, (CUdeviceptr)(uintptr_t)from, 0, (size_t)(to - from), w->stream);
}

/** `begin` of NativeCollectives. */
EXPORT int32_t nccl_begin(void *context, int32_t collective, void *data, int64_t count, int32_t type, void *stream) {
  static const char *const names[] = {"an all-reduce", "a reduce-scatter", "an all-gather"};
  world *w = context;
  const ncclDataType_t element = type == FLOAT32 ? ncclFloat32 : type == FLOAT64 ? ncclFloat64 : ncclUint8;
  const size_t slice = (size_t)count / (size_t)w->size, bytes = slice * (type == FLOAT32 ? 4 : type == FLOAT64 ? 8 : 1);
  char *first = data, *own = first + bytes * (size_t)w->rank;
  if (!enter(w, stream)) return 1;
  ncclResult_t result;
  switch (collective) {
    case ALL_REDUCE:
      result = api.ncclAllReduce(data, data, (size_t)count, element, ncclSum, w->comm, w->stream);
      break;
    case REDUCE_SCATTER:
      result = api.ncclReduceScatter(data, own, slice, element, ncclSum, w->comm, w->stream);
      break;
    default:
      result = api.ncclAllGather(own, data, slice, element, w->comm, w->stream);
  }
  pthread_mutex_unlock(&w->calls);
  if (!check_nccl(w, result, names[collective])) return 1;
  if (collective != REDUCE_SCATTER) return 0;
  return !clear(w, first, own) || !clear(w, own + bytes, first + bytes * (size_t)w->size);
}

/** Begins to fill the bytes of all ranks with those of `root`; for the host. */
EXPORT int32_t nccl_broadcast(void *context, void *data, int64_t bytes, int32_t root, void *stream) {
  world *w = context;
  if (!enter(w, stream)) return 1;
  const ncclResult_t result = api.ncclBroadcast(data, data, (size_t)bytes, ncclUint8, root, w->comm, w->stream);
  pthread_mutex_unlock(&w->calls);
  return !check_nccl(w, result, "a broadcast");
}

/** `wait` of NativeCollectives. With none begun nothing is recorded: a captured stream may not wait for one that is not. */
EXPORT int32_t nccl_wait(void *context, void *stream) {
  world *w = context;
  if (state_of(w) == FAILED) return 1;
  if (!w->has_begun) return 0;
  w->has_begun = 0;
  return !DRIVER(w, cuLaunchHostFunc, w->stream, mark_idle, w) || !DRIVER(w, cuEventRecord, w->ended, w->stream) ||
         !DRIVER(w, cuStreamWaitEvent, stream, w->ended, 0);
}

/** Fails the world, which then aborts. */
EXPORT void nccl_abort(world *w) { fail(w, "this rank has given up"); }

/** Leaves the world, and ends its thread. */
EXPORT void nccl_close(world *w) {
  pthread_mutex_lock(&w->mutex);
  w->closing = 1;
  pthread_cond_signal(&w->closed);
  pthread_mutex_unlock(&w->mutex);
  pthread_join(w->thread, NULL);
}
