/** What the parts of the driver's stand-in share. All but what it says is called with the lock held. */
#pragma once
#include "../stand-in.h"

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
  NO_BINARY_FOR_GPU = 209,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
  CAPTURE_UNMATCHED = 903,
  CAPTURE_UNJOINED = 904,
  CAPTURE_ISOLATION = 905,
  CAPTURED_EVENT = 907,
};

typedef struct node node;
typedef struct graph graph;

/** A piece of work, and what must be done before it. */
struct node {
  int holders;
  node *before[2];
  work_function *function; /* null: nothing but the order */
  void *data;
  graph *owner;    /* of the data, if it is not the node's own */
  int64_t capture; /* the capture that it belongs to, else 0 */
  int index;       /* in its graph */
  node *next;      /* in its graph */
  int is_done;
  double seconds; /* when it was done */
};

typedef struct {
  node *last;
  graph *captured;
  node *captured_last;
  int is_origin;
} stream;

/** Work that was captured, in an order in which it can be done. */
struct graph {
  int holders;
  int64_t capture;
  node *first, *last;
  node *end; /* which depends on all others */
  int count, is_invalid;
  int device;   /* on which it can be launched */
  size_t bytes; /* that it takes there */
};

/** Begins a call that needs a context. Returns SUCCESS with the lock held; else why it cannot be. */
int32_t enter(void);
/** The same for a call that must not come between a thread's captured work. */
int32_t enter_outside_captures(void);
int32_t leave(int32_t result);
#define ENTER_BY(how)             \
  do {                            \
    const int32_t denied = how(); \
    if (denied) return denied;    \
  } while (0)
#define ENTER() ENTER_BY(enter)
/** Releases the lock for a moment, in which another process may go on. */
void pause_locked(void);

#define MAX_DEVICES 8

/** The number of the current device. */
int current_device(void);
int device_count(void);
uint64_t device_bytes(void);
/** 90 is 9.0. */
int capability(void);
/** Shared memory that a block may ask for. */
size_t shared_bytes_of_block(void);

/** Why the GPU has failed, or an image was refused. */
extern char message[MESSAGE_BYTES];
/** The status that all calls return once the GPU has failed, else SUCCESS. */
extern int32_t failure;
void fail_device(int32_t status);
/** The GPU falls off the bus. */
void stand_in_lose(void);

typedef struct {
  uint64_t begin, end;
  uint8_t *block, *written;
  int device, is_host;
} allocation;

/** The allocation that holds an address, else null. */
const allocation *holder_of(uint64_t address);
/** Takes memory of a device that nothing has an address of. Returns SUCCESS or OUT_OF_MEMORY. */
int32_t charge(int device, size_t bytes);
/** Gives it back. */
void discharge(int device, size_t bytes);
/** What is left of a device when its context ends. */
void release_all(int device);

node *hold(node *each);
void drop(node *each);
/** Lets go of what must be done before. */
void forget_order(node *each);
/** Does work and what it depends on, in a random order where none is stated. Returns 0 if some cannot be done yet. */
int perform(node *last);
/** The same, until all of it is done. */
void finish(node *last);
/** Waits for all streams. */
void finish_all(void);
/** Adds work behind the last of the stream, and behind `other`. */
node *append(stream *to, node *other, work_function *what, const void *data, size_t bytes);

/** The stream of a handle, else null. */
stream *stream_of(int64_t handle);
/** Ends a capture in all of its streams. */
void release_captured(const graph *g);
void drop_graph(graph *g);
/** What this thread captures, else null. */
extern _Thread_local graph *capturing;
