/**
 * A GPU, as the CUDA driver shows it: its memory is the host's, its kernels are interpreted PTX (ptx/ptx.h). Work is done as late
 * as possible: only what something waits for, and what that depends on, in an order that is random where nothing orders
 * it. So a wait that is missing shows as a wrong result, or as memory that nobody has written. What a GPU would refuse is
 * refused: a thread without a context, a captured stream that waits for one that is not, a capture whose streams are not
 * joined at its end, copies of pageable memory in a capture.
 *
 * The environment describes the GPU: MINILLM_STANDIN_GPUS, MINILLM_STANDIN_MEMORY (bytes of each),
 * MINILLM_STANDIN_CAPABILITY (90), MINILLM_STANDIN_DRIVER (13000), MINILLM_STANDIN_SEED.
 */
#define _GNU_SOURCE
#include "stand-in.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ptx/ptx.h"

#define EXPORT __attribute__((visibility("default")))

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_UNJOINED = 904,
  CAPTURE_ISOLATION = 905,
};

#define GUARD_BYTES 4096
#define DEFAULT_SHARED_BYTES 49152
#define MAX_DEVICES 8
#define MAX_STREAMS 64

typedef struct node node;
typedef struct stream stream;
typedef struct graph graph;

/** A piece of work, and what must be done before it. */
struct node {
  node *before[2];
  work_function *function; /* null: nothing but the order */
  void *data;
  int done, owns_data;
  double seconds; /* when it was done */
  node *next;     /* in a graph */
  graph *captured;
  int copy; /* its number, in a graph */
};

struct graph {
  node *first, *last;
  node *end; /* which depends on all others */
  int count;
};

struct stream {
  node *last;
  graph *captured;
  node *captured_last;
  int is_origin;
};

typedef struct {
  node *recorded;
  int polls;
} event;

typedef struct allocation {
  uint64_t begin, end;
  uint8_t *block, *written;
  int device, is_host;
  struct allocation *next;
} allocation;

typedef struct {
  const ptx_kernel *kernel;
  unsigned shared_limit;
} function;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static allocation *allocations;
static uint64_t used[MAX_DEVICES];
static _Thread_local int64_t current; /* context: the number of the device and 1 */
static int initialised, failed;
static char message[MESSAGE_BYTES];
static uint64_t random_state = 1;
static graph *capturing;
static stream *streams[MAX_STREAMS];
static int stream_count;

static int64_t setting(const char *name, int64_t otherwise) {
  const char *value = getenv(name);
  return value && *value ? strtoll(value, NULL, 10) : otherwise;
}

static int device_count(void) { return (int)setting("MINILLM_STANDIN_GPUS", 1); }
static uint64_t device_bytes(void) { return (uint64_t)setting("MINILLM_STANDIN_MEMORY", (int64_t)4 << 30); }
static int capability(void) { return (int)setting("MINILLM_STANDIN_CAPABILITY", 90); }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static unsigned draw(unsigned below) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((random_state >> 33) % below);
}

static int lock(void) {
  pthread_mutex_lock(&mutex);
  return 1;
}
static int32_t unlock(int32_t result) {
  pthread_mutex_unlock(&mutex);
  return result;
}

/** Begins a call that needs a context. */
#define ENTER()                                        \
  if (!initialised) return NOT_INITIALIZED;            \
  if (!current) return INVALID_CONTEXT;                \
  lock();                                              \
  if (failed) return unlock(failed)

/* ---- memory ---- */

static allocation *holder(uint64_t address) {
  for (allocation *each = allocations; each; each = each->next)
    if (address >= each->begin && address < each->end) return each;
  return NULL;
}

static int find_for_kernel(void *context, uint64_t address, ptx_allocation *found) {
  (void)context;
  const allocation *each = holder(address);
  if (!each || each->is_host) return 0;
  *found = (ptx_allocation){.begin = each->begin, .end = each->end, .written = each->written};
  return 1;
}

static int memory_of(uint64_t address, size_t bytes, uint8_t **written) {
  allocation *each = holder(address);
  if (!each || each->is_host || bytes > each->end - address) return 0;
  *written = each->written + (address - each->begin);
  return 1;
}

EXPORT int stand_in_memory(uint64_t address, size_t bytes, uint8_t **written) {
  return memory_of(address, bytes, written);
}

static int allocate(size_t bytes, int is_host, uint64_t *address) {
  const int device = (int)current - 1;
  if (bytes == 0) return INVALID_VALUE;
  if (!is_host && bytes > device_bytes() - used[device]) return OUT_OF_MEMORY;
  allocation *each = calloc(1, sizeof *each);
  each->block = calloc(1, bytes + 2 * GUARD_BYTES + 512);
  each->begin = ((uint64_t)(uintptr_t)each->block + GUARD_BYTES + 511) & ~(uint64_t)511;
  each->end = each->begin + bytes;
  each->written = calloc(1, bytes);
  each->device = device;
  each->is_host = is_host;
  if (!each->block || !each->written) return OUT_OF_MEMORY;
  if (!is_host) {
    memset((void *)(uintptr_t)each->begin, 0xa5, bytes); /* what fresh memory holds is anybody's guess */
    used[device] += bytes;
  }
  each->next = allocations;
  allocations = each;
  *address = each->begin;
  return SUCCESS;
}

static int release(uint64_t address, int is_host) {
  for (allocation **at = &allocations; *at; at = &(*at)->next) {
    allocation *each = *at;
    if (each->begin != address || each->is_host != is_host) continue;
    *at = each->next;
    if (!is_host) used[each->device] -= each->end - each->begin;
    free(each->block);
    free(each->written);
    free(each);
    return SUCCESS;
  }
  return INVALID_VALUE;
}

/* ---- work ---- */

static void fail(int status) {
  if (!failed) failed = status;
}

static void perform(node *each) {
  if (each->function && !failed && each->function(each->data, message)) fail(ILLEGAL_ADDRESS);
  each->done = 1;
  each->seconds = now();
  if (each->owns_data) free(each->data);
}

/** Does a piece of work, and what it depends on, in a random order where none is stated. */
static void perform_all(node *last) {
  size_t count = 0, room = 64;
  node **waiting = malloc(room * sizeof *waiting);
  if (last && !last->done) waiting[count++] = last;
  while (count > 0) {
    node *each = waiting[count - 1];
    if (each->done) {
      count--;
      continue;
    }
    node *open[2];
    unsigned opened = 0;
    for (int i = 0; i < 2; i++)
      if (each->before[i] && !each->before[i]->done) open[opened++] = each->before[i];
    if (opened == 0) {
      perform(each);
      each->before[0] = each->before[1] = NULL;
      count--;
      continue;
    }
    if (count == room) waiting = realloc(waiting, (room *= 2) * sizeof *waiting);
    waiting[count++] = open[draw(opened)];
  }
  free(waiting);
}

/** Adds work behind the last of the stream, and behind `other`. */
static node *append(stream *to, node *other, work_function *what, const void *data, size_t bytes) {
  node *each = calloc(1, sizeof *each);
  each->function = what;
  if (bytes) {
    each->data = malloc(bytes);
    memcpy(each->data, data, bytes);
    each->owns_data = !to->captured;
  }
  graph *captured = to->captured;
  if (captured) {
    each->before[0] = to->captured_last;
    each->before[1] = other;
    each->captured = captured;
    each->copy = captured->count++;
    if (captured->last) captured->last->next = each;
    else captured->first = each;
    captured->last = each;
    to->captured_last = each;
  } else {
    each->before[0] = to->last;
    each->before[1] = other;
    to->last = each;
  }
  return each;
}

EXPORT int32_t stand_in_enqueue(int64_t to, work_function *what, const void *data, size_t bytes) {
  ENTER();
  append((stream *)to, NULL, what, data, bytes);
  return unlock(SUCCESS);
}

/** Why the GPU has failed. */
EXPORT const char *stand_in_message(void) { return message; }

/** The GPU falls off the bus. */
EXPORT void stand_in_lose(void) {
  snprintf(message, sizeof message, "the GPU has fallen off the bus");
  fail(LAUNCH_FAILED);
}

/** A GPU as good as new. */
EXPORT void stand_in_mend(void) {
  failed = 0;
  message[0] = 0;
}

/* ---- the driver's functions: devices, contexts, memory ---- */

EXPORT int32_t cuInit(unsigned flags) {
  (void)flags;
  if (device_count() == 0) return NO_DEVICE;
  random_state = (uint64_t)setting("MINILLM_STANDIN_SEED", 1) * 2 + 1;
  initialised = 1;
  return SUCCESS;
}

EXPORT int32_t cuDriverGetVersion(int *version) {
  *version = (int)setting("MINILLM_STANDIN_DRIVER", 13000);
  return SUCCESS;
}

static const struct {
  int status;
  const char *name, *text;
} errors[] = {
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
};

EXPORT int32_t cuGetErrorName(int32_t status, const char **name) {
  *name = "CUDA_ERROR_UNKNOWN";
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].status == status) *name = errors[i].name;
  return SUCCESS;
}

/** A failed GPU says more than a real one would. */
EXPORT int32_t cuGetErrorString(int32_t status, const char **text) {
  *text = "unknown error";
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].status == status) *text = errors[i].text;
  if ((status == failed || status == INVALID_IMAGE) && message[0]) *text = message;
  return SUCCESS;
}

EXPORT int32_t cuDeviceGetCount(int *count) {
  *count = device_count();
  return SUCCESS;
}

EXPORT int32_t cuDeviceGet(int32_t *device, int ordinal) {
  if (ordinal < 0 || ordinal >= device_count()) return INVALID_DEVICE;
  *device = ordinal;
  return SUCCESS;
}

EXPORT int32_t cuDeviceGetName(char *name, int length, int32_t device) {
  (void)device;
  snprintf(name, (size_t)length, "Stand-in GPU");
  return SUCCESS;
}

EXPORT int32_t cuDeviceGetAttribute(int *value, int32_t attribute, int32_t device) {
  (void)device;
  switch (attribute) {
    case 16: *value = 4; return SUCCESS;
    case 75: *value = capability() / 10; return SUCCESS;
    case 76: *value = capability() % 10; return SUCCESS;
    case 97: *value = capability() >= 90 ? 232448 : 166912; return SUCCESS;
  }
  return INVALID_VALUE;
}

EXPORT int32_t cuDeviceTotalMem_v2(size_t *bytes, int32_t device) {
  (void)device;
  *bytes = device_bytes();
  return SUCCESS;
}

EXPORT int32_t cuDevicePrimaryCtxRetain(int64_t *context, int32_t device) {
  if (!initialised) return NOT_INITIALIZED;
  *context = device + 1;
  return SUCCESS;
}

EXPORT int32_t cuDevicePrimaryCtxRelease_v2(int32_t device) {
  (void)device;
  return SUCCESS;
}

EXPORT int32_t cuCtxSetCurrent(int64_t context) {
  current = context;
  return SUCCESS;
}

EXPORT int32_t cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  *least = 0;
  *greatest = -5;
  return SUCCESS;
}

EXPORT int32_t cuMemGetInfo_v2(size_t *available, size_t *total) {
  ENTER();
  *total = device_bytes();
  *available = *total - used[current - 1];
  return unlock(SUCCESS);
}

EXPORT int32_t cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  ENTER();
  return unlock(allocate(bytes, 0, address));
}

/** Waits for all work, as the driver does. */
EXPORT int32_t cuMemFree_v2(uint64_t address) {
  ENTER();
  for (int i = 0; i < stream_count; i++) perform_all(streams[i]->last);
  return unlock(release(address, 0));
}

EXPORT int32_t cuMemHostAlloc(uint64_t *address, size_t bytes, unsigned flags) {
  (void)flags;
  ENTER();
  return unlock(allocate(bytes, 1, address));
}

EXPORT int32_t cuMemFreeHost(void *address) {
  ENTER();
  return unlock(release((uint64_t)(uintptr_t)address, 1));
}

/* ---- copies ---- */

typedef struct {
  uint64_t to, from;
  size_t bytes;
  uint8_t *staged;
} copy;

static int is_pinned(uint64_t address, size_t bytes) {
  const allocation *each = holder(address);
  return each && each->is_host && bytes <= each->end - address;
}

static int refuse(char *text, const char *what, uint64_t address, size_t bytes) {
  snprintf(text, MESSAGE_BYTES, "%s: %zu bytes at 0x%llx are not all in one allocation", what, bytes,
           (unsigned long long)address);
  return 1;
}

static int to_device(void *data, char *text) {
  const copy *c = data;
  uint8_t *written;
  if (!memory_of(c->to, c->bytes, &written)) return refuse(text, "a copy to the device", c->to, c->bytes);
  memcpy((void *)(uintptr_t)c->to, c->staged ? c->staged : (void *)(uintptr_t)c->from, c->bytes);
  memset(written, 1, c->bytes);
  free(c->staged);
  return 0;
}

/** Bytes that nobody has written are copied: that is no fault of the copy. */
static int to_host(void *data, char *text) {
  const copy *c = data;
  uint8_t *written;
  if (!memory_of(c->from, c->bytes, &written)) return refuse(text, "a copy to the host", c->from, c->bytes);
  memcpy((void *)(uintptr_t)c->to, (void *)(uintptr_t)c->from, c->bytes);
  return 0;
}

static int on_device(void *data, char *text) {
  const copy *c = data;
  uint8_t *to, *from;
  if (!memory_of(c->to, c->bytes, &to)) return refuse(text, "a copy on the device", c->to, c->bytes);
  if (!memory_of(c->from, c->bytes, &from)) return refuse(text, "a copy on the device", c->from, c->bytes);
  memmove((void *)(uintptr_t)c->to, (void *)(uintptr_t)c->from, c->bytes);
  memmove(to, from, c->bytes);
  return 0;
}

EXPORT int32_t cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, int64_t on) {
  ENTER();
  copy c = {.to = to, .from = (uint64_t)(uintptr_t)from, .bytes = bytes};
  if (!is_pinned(c.from, bytes)) {
    if (((stream *)on)->captured) return unlock(CAPTURE_UNSUPPORTED);
    c.staged = malloc(bytes ? bytes : 1);
    memcpy(c.staged, from, bytes);
  }
  append((stream *)on, NULL, to_device, &c, sizeof c);
  return unlock(SUCCESS);
}

EXPORT int32_t cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, int64_t on) {
  ENTER();
  stream *s = (stream *)on;
  const copy c = {.to = (uint64_t)(uintptr_t)to, .from = from, .bytes = bytes};
  const int pinned = is_pinned(c.to, bytes);
  if (!pinned && s->captured) return unlock(CAPTURE_UNSUPPORTED);
  append(s, NULL, to_host, &c, sizeof c);
  if (!pinned) perform_all(s->last);
  return unlock(failed);
}

EXPORT int32_t cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, int64_t on) {
  ENTER();
  const copy c = {.to = to, .from = from, .bytes = bytes};
  append((stream *)on, NULL, on_device, &c, sizeof c);
  return unlock(SUCCESS);
}

typedef struct {
  uint64_t to;
  size_t bytes;
  int value;
} fill;

static int do_fill(void *data, char *text) {
  const fill *f = data;
  uint8_t *written;
  if (!memory_of(f->to, f->bytes, &written)) return refuse(text, "a fill", f->to, f->bytes);
  memset((void *)(uintptr_t)f->to, f->value, f->bytes);
  memset(written, 1, f->bytes);
  return 0;
}

EXPORT int32_t cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, int64_t on) {
  ENTER();
  const fill f = {.to = to, .bytes = bytes, .value = value};
  append((stream *)on, NULL, do_fill, &f, sizeof f);
  return unlock(SUCCESS);
}

/* ---- kernels ---- */

EXPORT int32_t cuModuleLoadData(int64_t *module, const void *image) {
  ENTER();
  ptx_module *loaded = ptx_load(image, message);
  *module = (int64_t)loaded;
  return unlock(loaded ? SUCCESS : INVALID_IMAGE);
}

EXPORT int32_t cuModuleUnload(int64_t module) {
  ENTER();
  ptx_unload((ptx_module *)module);
  return unlock(SUCCESS);
}

EXPORT int32_t cuModuleGetFunction(int64_t *result, int64_t module, const char *name) {
  ENTER();
  const ptx_kernel *kernel = ptx_find((ptx_module *)module, name);
  if (!kernel) return unlock(NOT_FOUND);
  function *f = calloc(1, sizeof *f);
  f->kernel = kernel;
  f->shared_limit = DEFAULT_SHARED_BYTES;
  *result = (int64_t)f;
  return unlock(SUCCESS);
}

EXPORT int32_t cuFuncSetAttribute(int64_t of, int32_t attribute, int value) {
  ENTER();
  function *f = (function *)of;
  const int limit = capability() >= 90 ? 232448 : 166912;
  if (attribute != 8 || value < 0 || (size_t)value + ptx_static_shared_bytes(f->kernel) > (size_t)limit)
    return unlock(INVALID_VALUE);
  if ((unsigned)value > f->shared_limit) f->shared_limit = (unsigned)value;
  return unlock(SUCCESS);
}

/** The interpreter has no registers to count. */
EXPORT int32_t cuFuncGetAttribute(int *value, int32_t attribute, int64_t of) {
  (void)attribute;
  (void)of;
  *value = 0;
  return SUCCESS;
}

typedef struct {
  const ptx_kernel *kernel;
  unsigned grid[3], block[3];
  size_t shared, bytes;
  uint8_t parameters[4096];
} launch;

static int do_launch(void *data, char *text) {
  const launch *l = data;
  const ptx_memory memory = {.find = find_for_kernel};
  return ptx_launch(l->kernel, l->grid, l->block, l->shared, l->parameters, &memory, text);
}

EXPORT int32_t cuLaunchKernel(int64_t of, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                              unsigned shared, int64_t on, void **parameters, void **extra) {
  ENTER();
  const function *f = (const function *)of;
  const unsigned most = ptx_max_threads(f->kernel);
  launch l = {.kernel = f->kernel, .grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared};
  if (parameters || !extra || !gx || !gy || !gz || !bx || gy > 65535 || gz > 65535 || bx * by * bz > 1024 ||
      (most && bx * by * bz > most) || shared > f->shared_limit)
    return unlock(INVALID_VALUE);
  for (; *extra; extra += 2) {
    if (*extra == (void *)1) memcpy(l.parameters, extra[1], ptx_parameter_bytes(f->kernel));
    if (*extra == (void *)2) l.bytes = *(size_t *)extra[1];
  }
  if (l.bytes != ptx_parameter_bytes(f->kernel)) return unlock(INVALID_VALUE);
  append((stream *)on, NULL, do_launch, &l, sizeof l);
  return unlock(SUCCESS);
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
  const host_call c = {what, data};
  append((stream *)on, NULL, call_host, &c, sizeof c);
  return unlock(SUCCESS);
}

/* ---- streams and events ---- */

EXPORT int32_t cuStreamCreateWithPriority(int64_t *result, unsigned flags, int priority) {
  (void)flags;
  (void)priority;
  ENTER();
  if (stream_count == MAX_STREAMS) return unlock(OUT_OF_MEMORY);
  streams[stream_count] = calloc(1, sizeof(stream));
  *result = (int64_t)streams[stream_count++];
  return unlock(SUCCESS);
}

EXPORT int32_t cuStreamSynchronize(int64_t on) {
  ENTER();
  if (((stream *)on)->captured) return unlock(CAPTURE_UNSUPPORTED);
  perform_all(((stream *)on)->last);
  return unlock(failed);
}

EXPORT int32_t cuStreamDestroy_v2(int64_t on) {
  ENTER();
  stream *s = (stream *)on;
  perform_all(s->last);
  for (int i = 0; i < stream_count; i++)
    if (streams[i] == s) streams[i] = streams[--stream_count];
  free(s);
  return unlock(SUCCESS);
}

EXPORT int32_t cuEventCreate(int64_t *result, unsigned flags) {
  (void)flags;
  ENTER();
  *result = (int64_t)calloc(1, sizeof(event));
  return unlock(SUCCESS);
}

EXPORT int32_t cuEventDestroy_v2(int64_t of) {
  (void)of;
  return SUCCESS;
}

EXPORT int32_t cuEventRecord(int64_t of, int64_t on) {
  ENTER();
  event *e = (event *)of;
  e->recorded = append((stream *)on, NULL, NULL, NULL, 0);
  e->polls = 0;
  return unlock(SUCCESS);
}

EXPORT int32_t cuStreamWaitEvent(int64_t on, int64_t of, unsigned flags) {
  (void)flags;
  ENTER();
  stream *s = (stream *)on;
  node *awaited = ((event *)of)->recorded;
  if (!awaited) return unlock(SUCCESS);
  if (awaited->captured && awaited->captured == capturing && !s->captured) {
    s->captured = capturing;
    s->captured_last = NULL;
  }
  if (s->captured && awaited->captured != s->captured) return unlock(CAPTURE_ISOLATION);
  append(s, awaited, NULL, NULL, 0);
  return unlock(SUCCESS);
}

/** The first question comes too early. */
EXPORT int32_t cuEventQuery(int64_t of) {
  ENTER();
  event *e = (event *)of;
  if (e->recorded && e->recorded->captured) return unlock(CAPTURE_UNSUPPORTED);
  if (e->recorded && !e->recorded->done && e->polls++ == 0) return unlock(NOT_READY);
  perform_all(e->recorded);
  return unlock(failed);
}

EXPORT int32_t cuEventSynchronize(int64_t of) {
  ENTER();
  perform_all(((event *)of)->recorded);
  return unlock(failed);
}

EXPORT int32_t cuEventElapsedTime(float *milliseconds, int64_t start, int64_t end) {
  ENTER();
  const node *first = ((event *)start)->recorded, *last = ((event *)end)->recorded;
  if (!first || !last || !first->done || !last->done) return unlock(NOT_READY);
  *milliseconds = (float)(1000 * (last->seconds - first->seconds));
  return unlock(SUCCESS);
}

/* ---- graphs ---- */

EXPORT int32_t cuStreamBeginCapture_v2(int64_t on, int32_t mode) {
  (void)mode;
  ENTER();
  stream *s = (stream *)on;
  if (capturing || s->captured) return unlock(CAPTURE_UNSUPPORTED);
  s->captured = capturing = calloc(1, sizeof(graph));
  s->captured_last = NULL;
  s->is_origin = 1;
  return unlock(SUCCESS);
}

/** Whether the end of the captured stream depends on each piece of work. */
static int is_joined(const graph *g, const node *end) {
  char *reached = calloc((size_t)g->count + 1, 1);
  int count = 0;
  if (end) reached[end->copy] = 1;
  const node **order = malloc(((size_t)g->count + 1) * sizeof *order);
  int i = 0;
  for (const node *each = g->first; each; each = each->next) order[i++] = each;
  while (i-- > 0) {
    if (!reached[order[i]->copy]) continue;
    count++;
    for (int b = 0; b < 2; b++)
      if (order[i]->before[b]) reached[order[i]->before[b]->copy] = 1;
  }
  free(reached);
  free(order);
  return count == g->count;
}

EXPORT int32_t cuStreamEndCapture(int64_t on, int64_t *result) {
  ENTER();
  stream *s = (stream *)on;
  if (!s->captured || !s->is_origin) return unlock(CAPTURE_UNSUPPORTED);
  graph *g = s->captured;
  g->end = s->captured_last;
  const int joined = is_joined(g, g->end);
  capturing = NULL;
  s->is_origin = 0;
  for (int i = 0; i < stream_count; i++)
    if (streams[i]->captured == g) streams[i]->captured = NULL;
  *result = joined ? (int64_t)g : 0;
  return unlock(joined ? SUCCESS : CAPTURE_UNJOINED);
}

EXPORT int32_t cuGraphInstantiateWithFlags(int64_t *executable, int64_t of, uint64_t flags) {
  (void)flags;
  ENTER();
  *executable = of;
  return unlock(SUCCESS);
}

EXPORT int32_t cuGraphUpload(int64_t executable, int64_t on) {
  (void)executable;
  (void)on;
  return SUCCESS;
}

/** Each launch does the work anew: its own copy of the nodes, behind what the stream has, and before what comes. */
EXPORT int32_t cuGraphLaunch(int64_t executable, int64_t on) {
  ENTER();
  stream *s = (stream *)on;
  const graph *g = (const graph *)executable;
  if (s->captured) return unlock(CAPTURE_UNSUPPORTED);
  node *start = append(s, NULL, NULL, NULL, 0);
  node **copies = calloc((size_t)g->count + 1, sizeof *copies);
  for (const node *each = g->first; each; each = each->next) {
    node *copied = copies[each->copy] = calloc(1, sizeof *copied);
    copied->function = each->function;
    copied->data = each->data;
    int ordered = 0;
    for (int b = 0; b < 2; b++)
      if (each->before[b]) copied->before[ordered++] = copies[each->before[b]->copy];
    if (!ordered) copied->before[0] = start;
  }
  if (g->end) s->last = copies[g->end->copy];
  free(copies);
  return unlock(SUCCESS);
}

EXPORT int32_t cuGraphExecDestroy(int64_t executable) {
  (void)executable;
  return SUCCESS;
}

EXPORT int32_t cuGraphDestroy(int64_t of) {
  (void)of;
  return SUCCESS;
}
