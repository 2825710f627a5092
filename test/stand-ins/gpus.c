/**
 * GPUs in one process, as the CUDA driver and NCCL show them: it plays both libraries in tests. Streams are queues of work
 * that is done as soon as what it waits for is done; memory is the host's. A stream that is held does nothing, and one that
 * is captured keeps its work to be launched later. What a GPU would refuse is refused: a thread without a context, a
 * captured stream that waits for one that is not, a capture whose streams are not joined at its end.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/distributed/nccl/types.h"

#include "../../src/distributed/nccl/functions.h"

#pragma GCC visibility push(default)

#ifndef VERSION
#define VERSION 22703
#endif
#define MAX_WORK 4096
#define MAX_STREAMS 256
#define MAX_RANKS 8
#define MAX_WORLDS 256

enum { NOT_IN_CONTEXT = 201, UNJOINED = 904, ISOLATION = 905 };

typedef enum { RECORD, WAIT, SET, CALL, COPY, FILL, ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, BROADCAST } kind;

typedef struct {
  kind kind;
  CUevent event;
  int64_t version;
  CUhostFn function;
  ncclComm_t comm;
  const void *from;
  void *to;
  size_t count;
  int value; /* of a byte or float, the type of elements, or the root */
  int type;
} work;

struct CUevent_st {
  int64_t recorded, done;
  CUstream captured;
  int64_t position;
};

struct CUstream_st {
  int64_t begun, ended;
  int held, is_captured;
  /** While captured: how much it has got, and how much of it the origin waits for. */
  int64_t captured, joined;
  work queue[MAX_WORK];
};

typedef struct {
  CUstream stream;
  work work;
} node;

typedef struct world world;

struct ncclComm {
  world *world;
  int rank, aborted;
};

struct world {
  ncclUniqueId id;
  int size, joined;
  ncclResult_t error;
  struct ncclComm comms[MAX_RANKS];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static CUstream streams[MAX_STREAMS], origin;
static int stream_count, graph_size;
static world worlds[MAX_WORLDS];
static int world_count;
static node graph[MAX_WORK];
static _Thread_local CUcontext current;

static size_t element_bytes(int type) { return type == ncclFloat32 ? 4 : type == ncclFloat64 ? 8 : 1; }

static work *head(CUstream s) { return s->held || s->ended == s->begun ? NULL : &s->queue[s->ended % MAX_WORK]; }

/** The stream in which a rank has come to a collective. */
static CUstream arrived(const struct ncclComm *comm) {
  for (int i = 0; i < stream_count; i++) {
    const work *w = head(streams[i]);
    if (w && w->kind >= ALL_REDUCE && w->comm == comm) return streams[i];
  }
  return NULL;
}

static double get(const void *data, int type, size_t i) {
  return type == ncclFloat64 ? ((const double *)data)[i] : ((const float *)data)[i];
}

static void put(void *data, int type, size_t i, double value) {
  if (type == ncclFloat64) ((double *)data)[i] = value;
  else ((float *)data)[i] = (float)value;
}

/** Does a collective once all ranks have come to it. */
static int communicate(world *w) {
  work *each[MAX_RANKS];
  CUstream at[MAX_RANKS];
  for (int r = 0; r < w->size; r++) {
    at[r] = arrived(&w->comms[r]);
    if (!at[r]) return 0;
    each[r] = head(at[r]);
    if (each[r]->kind != each[0]->kind || each[r]->count != each[0]->count || each[r]->type != each[0]->type)
      w->error = ncclInvalidUsage;
  }
  if (w->error) return 0;
  const work *first = each[0];
  const size_t count = first->count, bytes = count * element_bytes(first->type);
  if (first->kind == ALL_REDUCE || first->kind == REDUCE_SCATTER) {
    const size_t all = first->kind == ALL_REDUCE ? count : count * (size_t)w->size;
    double *sums = calloc(all, sizeof(double));
    for (int r = 0; r < w->size; r++)
      for (size_t i = 0; i < all; i++) sums[i] += get(each[r]->from, first->type, i);
    for (int r = 0; r < w->size; r++)
      for (size_t i = 0; i < count; i++)
        put(each[r]->to, first->type, i, sums[first->kind == ALL_REDUCE ? i : (size_t)r * count + i]);
    free(sums);
  } else if (first->kind == ALL_GATHER) {
    for (int r = 0; r < w->size; r++)
      for (int to = 0; to < w->size; to++) memmove((char *)each[to]->to + bytes * (size_t)r, each[r]->from, bytes);
  } else {
    for (int r = 0; r < w->size; r++) memmove(each[r]->to, each[first->value]->from, bytes);
  }
  for (int r = 0; r < w->size; r++) at[r]->ended++;
  return 1;
}

/** Does the next piece of a stream's work, if it is ready. */
static int step(CUstream s) {
  work *w = head(s);
  if (!w) return 0;
  switch (w->kind) {
    case RECORD:
      w->event->done = w->version;
      break;
    case WAIT:
      if (w->event->done < w->version) return 0;
      break;
    case SET:
      memset(w->to, w->value, w->count);
      break;
    case CALL:
      w->function(w->to);
      break;
    case COPY:
      memcpy(w->to, w->from, w->count);
      break;
    case FILL:
      for (size_t i = 0; i < w->count; i++) ((float *)w->to)[i] = (float)w->value;
      break;
    default:
      if (!w->comm->aborted) return communicate(w->comm->world);
  }
  s->ended++;
  return 1;
}

static void advance(void) {
  for (int moved = 1; moved;) {
    moved = 0;
    for (int i = 0; i < stream_count; i++) moved |= step(streams[i]);
  }
  pthread_cond_broadcast(&changed);
}

static CUresult capture(CUstream s, work w) {
  if (w.kind == WAIT && s->is_captured && !w.event->captured) return (CUresult)ISOLATION;
  if (w.kind == WAIT && w.event->captured) {
    if (!s->is_captured) s->is_captured = 1, s->captured = s->joined = 0;
    if (s == origin && w.event->captured->joined < w.event->position) w.event->captured->joined = w.event->position;
  }
  graph[graph_size++] = (node){s, w};
  s->captured++;
  if (w.kind == RECORD) w.event->captured = s, w.event->position = s->captured;
  return CUDA_SUCCESS;
}

static CUresult enqueue(CUstream s, work w) {
  pthread_mutex_lock(&mutex);
  CUresult result = CUDA_SUCCESS;
  if (s->is_captured || (w.kind == WAIT && w.event->captured)) result = capture(s, w);
  else {
    if (w.kind == RECORD) w.version = ++w.event->recorded;
    if (w.kind == WAIT) w.version = w.event->recorded;
    s->queue[s->begun++ % MAX_WORK] = w;
    advance();
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

/* The driver. */

CUresult cuGetErrorString(CUresult result, const char **text) {
  *text = (int)result == NOT_IN_CONTEXT ? "invalid device context" : (int)result == ISOLATION ? "isolated" : "an error";
  return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext context) {
  current = context;
  return CUDA_SUCCESS;
}
CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  *least = 0, *greatest = -5;
  return current ? CUDA_SUCCESS : (CUresult)NOT_IN_CONTEXT;
}
CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority) {
  (void)flags, (void)priority;
  if (!current) return (CUresult)NOT_IN_CONTEXT;
  if (stream_count == MAX_STREAMS) abort();
  pthread_mutex_lock(&mutex);
  *stream = streams[stream_count++] = calloc(1, sizeof(struct CUstream_st));
  pthread_mutex_unlock(&mutex);
  return CUDA_SUCCESS;
}
CUresult cuStreamDestroy_v2(CUstream stream) {
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < stream_count; i++)
    if (streams[i] == stream) streams[i] = streams[--stream_count];
  pthread_mutex_unlock(&mutex);
  free(stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamSynchronize(CUstream stream) {
  pthread_mutex_lock(&mutex);
  while (stream->ended < stream->begun) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  return CUDA_SUCCESS;
}
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags) {
  (void)flags;
  return enqueue(stream, (work){.kind = WAIT, .event = event});
}
CUresult cuEventCreate(CUevent *event, unsigned int flags) {
  (void)flags;
  *event = calloc(1, sizeof(struct CUevent_st));
  return current ? CUDA_SUCCESS : (CUresult)NOT_IN_CONTEXT;
}
CUresult cuEventRecord(CUevent event, CUstream stream) { return enqueue(stream, (work){.kind = RECORD, .event = event}); }
CUresult cuEventDestroy_v2(CUevent event) {
  free(event);
  return CUDA_SUCCESS;
}
CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream) {
  return enqueue(stream, (work){.kind = SET, .to = (void *)(uintptr_t)target, .value = value, .count = bytes});
}
CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data) {
  return enqueue(stream, (work){.kind = CALL, .function = function, .to = data});
}

/* NCCL. */

ncclResult_t ncclGetVersion(int *version) {
  *version = VERSION;
  return ncclSuccess;
}
ncclResult_t ncclGetUniqueId(ncclUniqueId *id) {
  static int count;
  const char *address = getenv("NCCL_COMM_ID");
  memset(id, 0, sizeof *id);
  if (address && *address == '-') return ncclInvalidArgument;
  if (address && *address) strncpy(id->internal, address, sizeof id->internal - 1);
  else id->internal[0] = (char)++count;
  return ncclSuccess;
}
ncclResult_t ncclCommInitRank(ncclComm_t *comm, int size, ncclUniqueId id, int rank) {
  if (!current) return ncclUnhandledCudaError;
  pthread_mutex_lock(&mutex);
  world *w = NULL;
  for (int i = 0; i < world_count; i++)
    if (worlds[i].joined < worlds[i].size && !memcmp(&worlds[i].id, &id, sizeof id)) w = &worlds[i];
  if (!w) {
    if (world_count == MAX_WORLDS) abort();
    w = &worlds[world_count++];
    w->id = id;
    w->size = size;
  }
  *comm = &w->comms[rank];
  **comm = (struct ncclComm){w, rank, 0};
  w->joined++;
  pthread_cond_broadcast(&changed);
  while (w->joined < w->size) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  (void)comm;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  pthread_mutex_lock(&mutex);
  comm->aborted = 1;
  advance();
  pthread_mutex_unlock(&mutex);
  return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error) {
  pthread_mutex_lock(&mutex);
  *error = comm->world->error;
  pthread_mutex_unlock(&mutex);
  return ncclSuccess;
}
ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                           ncclComm_t comm, cudaStream_t stream) {
  (void)operation;
  return (ncclResult_t)enqueue(stream, (work){.kind = ALL_REDUCE, .comm = comm, .from = from, .to = to, .count = count, .type = (int)type});
}
ncclResult_t ncclReduceScatter(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                               ncclComm_t comm, cudaStream_t stream) {
  (void)operation;
  return (ncclResult_t)enqueue(stream, (work){.kind = REDUCE_SCATTER, .comm = comm, .from = from, .to = to, .count = count, .type = (int)type});
}
ncclResult_t ncclAllGather(const void *from, void *to, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream) {
  return (ncclResult_t)enqueue(stream, (work){.kind = ALL_GATHER, .comm = comm, .from = from, .to = to, .count = count, .type = (int)type});
}
ncclResult_t ncclBroadcast(const void *from, void *to, size_t count, ncclDataType_t type, int root, ncclComm_t comm,
                           cudaStream_t stream) {
  return (ncclResult_t)enqueue(stream, (work){.kind = BROADCAST, .comm = comm, .from = from, .to = to, .count = count, .type = (int)type, .value = root});
}
const char *ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited or there was a network error" : "invalid usage";
}
const char *ncclGetLastError(ncclComm_t comm) {
  (void)comm;
  return "";
}

/* What tests do with the GPUs. */

/** Memory, and work that stands for kernels and copies. */
void *gpu_allocate(int64_t bytes) { return memset(malloc((size_t)bytes), 0xff, (size_t)bytes); }
void gpu_free(void *memory) { free(memory); }
int32_t gpu_fill(CUstream stream, float *to, int64_t count, int32_t value) {
  return (int32_t)enqueue(stream, (work){.kind = FILL, .to = to, .count = (size_t)count, .value = value});
}
int32_t gpu_copy(CUstream stream, void *to, const void *from, int64_t bytes) {
  return (int32_t)enqueue(stream, (work){.kind = COPY, .to = to, .from = from, .count = (size_t)bytes});
}
CUstream gpu_stream(void) {
  CUstream stream = NULL;
  cuStreamCreateWithPriority(&stream, 0, 0);
  return stream;
}
int32_t gpu_is_idle(CUstream stream) {
  pthread_mutex_lock(&mutex);
  const int idle = stream->ended == stream->begun;
  pthread_mutex_unlock(&mutex);
  return idle;
}
/** A held stream does nothing until it is released. */
void gpu_hold(CUstream stream, int32_t held) {
  pthread_mutex_lock(&mutex);
  stream->held = held;
  advance();
  pthread_mutex_unlock(&mutex);
}
void gpu_capture(CUstream stream) {
  graph_size = 0;
  origin = stream;
  stream->is_captured = 1;
}
/** Ends the capture. */
int32_t gpu_end_capture(void) {
  int32_t result = CUDA_SUCCESS;
  for (int i = 0; i < stream_count; i++) {
    CUstream s = streams[i];
    if (s->is_captured && s != origin && s->joined < s->captured) result = UNJOINED;
    s->is_captured = 0;
  }
  for (int i = 0; i < graph_size; i++)
    if (graph[i].work.event) graph[i].work.event->captured = NULL;
  return result;
}
/** Launches what was captured last. */
void gpu_launch(void) {
  for (int i = 0; i < graph_size; i++) enqueue(graph[i].stream, graph[i].work);
}
/** NCCL notices that another rank is gone, in all worlds. */
void gpu_lose_rank(void) {
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < world_count; i++) worlds[i].error = ncclRemoteError;
  pthread_mutex_unlock(&mutex);
}
