/**
 * A GPU, as the CUDA driver shows it: its memory is the host's, its kernels are interpreted PTX (ptx/ptx.h). Work is done as late
 * as possible: only what something waits for, and what that depends on, in an order that is random where nothing orders
 * it. So a wait that is missing shows as a wrong result, or as memory that nobody has written. What a GPU would refuse is
 * refused: a thread without a context, a captured stream that waits for one that is not, a capture whose streams are not
 * joined at its end, copies of pageable memory in a capture.
 *
 * The environment describes the GPU: MINILLM_STANDIN_GPUS, MINILLM_STANDIN_MEMORY (bytes of each),
 * MINILLM_STANDIN_CAPABILITY (90), MINILLM_STANDIN_DRIVER (13000), MINILLM_STANDIN_SEED, MINILLM_STANDIN_LOST_WHEN (a path: the
 * GPU falls off the bus once there is something).
 *
 * This file: devices, contexts and errors.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "interpreter.h"
#include "driver.h"
#include "random.h"

#define MULTIPROCESSORS 4

enum { MULTIPROCESSOR_COUNT = 16, CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76, SHARED_MEMORY_PER_BLOCK_OPTIN = 97 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int is_initialised;
static int retained[MAX_DEVICES];
static _Thread_local int64_t current; /* context: the number of the device and 1 */
char message[MESSAGE_BYTES];
int32_t failure;

static int64_t setting(const char *name, int64_t otherwise) {
  const char *value = getenv(name);
  return value && *value ? strtoll(value, NULL, 10) : otherwise;
}

int current_device(void) { return (int)current - 1; }
int device_count(void) { return (int)setting("MINILLM_STANDIN_GPUS", 1); }
uint64_t device_bytes(void) { return (uint64_t)setting("MINILLM_STANDIN_MEMORY", (int64_t)4 << 30); }
int capability(void) { return (int)setting("MINILLM_STANDIN_CAPABILITY", 90); }

size_t shared_bytes_of_block(void) {
  switch (capability()) {
    case 80:
    case 87: return 163 * 1024;
    case 90:
    case 100:
    case 103: return 227 * 1024;
    default: return 99 * 1024;
  }
}

/** Why the GPU falls off the bus: something is at this path. Noted by cuInit: other threads must not ask for the environment. */
static char lost_when[4096];

int32_t enter(void) {
  if (!is_initialised) return NOT_INITIALIZED;
  pthread_mutex_lock(&mutex);
  if (lost_when[0] && !failure && !access(lost_when, F_OK)) stand_in_lose();
  if (!current || !retained[current - 1]) return leave(INVALID_CONTEXT);
  return failure ? leave(failure) : SUCCESS;
}

int32_t enter_outside_captures(void) {
  ENTER();
  if (!capturing) return SUCCESS;
  capturing->is_invalid = 1;
  return leave(CAPTURE_UNSUPPORTED);
}

int32_t leave(int32_t result) {
  pthread_mutex_unlock(&mutex);
  return result;
}

void pause_locked(void) {
  pthread_mutex_unlock(&mutex);
  nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
  pthread_mutex_lock(&mutex);
}

void fail_device(int32_t status) {
  if (!failure) failure = status;
}

/** Why the GPU has failed. */
EXPORT const char *stand_in_message(void) { return message; }

EXPORT void stand_in_lose(void) {
  snprintf(message, sizeof message, "the GPU has fallen off the bus");
  fail_device(LAUNCH_FAILED);
}

/** A GPU as good as new. */
EXPORT void stand_in_mend(void) {
  failure = SUCCESS;
  message[0] = 0;
}

EXPORT int32_t cuInit(unsigned flags) {
  (void)flags;
  if (device_count() == 0) return NO_DEVICE;
  const char *when = getenv("MINILLM_STANDIN_LOST_WHEN");
  snprintf(lost_when, sizeof lost_when, "%s", when ? when : "");
  seed_order((uint64_t)setting("MINILLM_STANDIN_SEED", 1));
  ptx(); /* now, while the environment says where it is */
  is_initialised = 1;
  return SUCCESS;
}

EXPORT int32_t cuDriverGetVersion(int *version) {
  *version = (int)setting("MINILLM_STANDIN_DRIVER", 13000);
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
    case MULTIPROCESSOR_COUNT: *value = MULTIPROCESSORS; return SUCCESS;
    case CAPABILITY_MAJOR: *value = capability() / 10; return SUCCESS;
    case CAPABILITY_MINOR: *value = capability() % 10; return SUCCESS;
    case SHARED_MEMORY_PER_BLOCK_OPTIN: *value = (int)shared_bytes_of_block(); return SUCCESS;
  }
  return INVALID_VALUE;
}

EXPORT int32_t cuDeviceTotalMem_v2(size_t *bytes, int32_t device) {
  (void)device;
  *bytes = device_bytes();
  return SUCCESS;
}

EXPORT int32_t cuDevicePrimaryCtxRetain(int64_t *context, int32_t device) {
  if (!is_initialised) return NOT_INITIALIZED;
  if (device < 0 || device >= device_count() || device >= MAX_DEVICES) return INVALID_DEVICE;
  pthread_mutex_lock(&mutex);
  retained[device]++;
  *context = device + 1;
  return leave(SUCCESS);
}

/** The last release ends the context, and all that it holds. */
EXPORT int32_t cuDevicePrimaryCtxRelease_v2(int32_t device) {
  pthread_mutex_lock(&mutex);
  if (device < 0 || device >= MAX_DEVICES || !retained[device]) return leave(INVALID_CONTEXT);
  if (--retained[device] == 0) {
    finish_all();
    release_all(device);
  }
  return leave(SUCCESS);
}

EXPORT int32_t cuCtxSetCurrent(int64_t context) {
  if (context < 0 || context > MAX_DEVICES) return INVALID_CONTEXT;
  current = context;
  return SUCCESS;
}

EXPORT int32_t cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  ENTER();
  *least = 0;
  *greatest = -5;
  return leave(SUCCESS);
}

static const struct {
  int32_t status;
  const char *name, *text;
} errors[] = {
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
    {CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
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
  if ((status == failure || status == INVALID_IMAGE) && message[0]) *text = message;
  return SUCCESS;
}
