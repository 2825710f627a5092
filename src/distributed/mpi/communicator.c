/**
 * Collectives over MPI. One thread of its own makes every MPI call, from MPI_Init on, so MPI_THREAD_FUNNELED is enough.
 * Others put collectives into a queue, and wait for them without MPI. The thread starts non-blocking collectives and tests
 * them, sleeping in between: a rank that waits for another leaves its core to its own kernels, and a rank that is gone is
 * noticed in the middle of a collective.
 */
#include "world.h"
#include <dlfcn.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/** Collectives under way at once: MPI holds a copy of each. */
#define MAX_STARTED 4
/** Tests that find nothing before the thread sleeps between two of them. */
#define BUSY_TESTS 64
#define NAP_NANOSECONDS 50000
/** How many times the timeout the other ranks may take to come. */
#define MAX_OPENING 3

struct world world = {.mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER};

EXPORT char mpi_library_version[MPI_MAX_LIBRARY_VERSION_STRING];

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void fail(const char *message) {
  if (world.failed) return;
  world.failed = 1;
  snprintf(world.message, MESSAGE_BYTES, "%s", message);
  pthread_cond_broadcast(&world.ended);
}

const char *collective_name(int32_t collective) {
  static const char *const names[] = {"all-reduce", "reduce-scatter", "all-gather", "broadcast"};
  return names[collective];
}

int element_bytes(int32_t type) { return type == FLOAT32 ? 4 : type == FLOAT64 ? 8 : 1; }

static void fail_by_mpi(int code, const char *doing) {
  char reason[MPI_MAX_ERROR_STRING], message[MESSAGE_BYTES];
  int length = 0;
  MPI_Error_string(code, reason, &length);
  snprintf(message, MESSAGE_BYTES, "MPI failed in %s: %.*s", doing, length, reason);
  fail(message);
}

static MPI_Datatype datatype(int32_t type) { return type == FLOAT32 ? MPI_FLOAT : type == FLOAT64 ? MPI_DOUBLE : MPI_BYTE; }

/** Starts a collective without waiting for it. */
static int start(job *j) {
  const int count = (int)j->count, slice = (int)(j->count / world.size);
  const MPI_Datatype type = datatype(j->type);
  switch (j->collective) {
    case ALL_REDUCE:
      return MPI_Iallreduce(MPI_IN_PLACE, j->data, count, type, MPI_SUM, world.comm, &j->request);
    case REDUCE_SCATTER:
      j->slice = malloc((size_t)slice * (size_t)element_bytes(j->type));
      if (!j->slice) return MPI_ERR_NO_MEM;
      return MPI_Ireduce_scatter_block(j->data, j->slice, slice, type, MPI_SUM, world.comm, &j->request);
    case ALL_GATHER:
      return MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, j->data, slice, type, world.comm, &j->request);
    default:
      return MPI_Ibcast(j->data, count, type, j->root, world.comm, &j->request);
  }
}

/** What is left to do of a collective once MPI has ended it. */
static void settle(job *j) {
  if (j->collective != REDUCE_SCATTER) return;
  const size_t bytes = (size_t)(j->count / world.size) * (size_t)element_bytes(j->type);
  memset(j->data, 0, bytes * (size_t)world.size);
  memcpy((char *)j->data + bytes * (size_t)world.rank, j->slice, bytes);
  free(j->slice);
  j->slice = NULL;
}

/** Initialises MPI and finds out who is there. Others look at none of this before the world is open. */
static int initialise(void) {
  // MPI's plugins look for its symbols among the global ones
  Dl_info info;
  if (dladdr((void *)MPI_Init_thread, &info)) dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &world.provided);
  if (code != MPI_SUCCESS) return code;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  MPI_Comm_dup(MPI_COMM_WORLD, &world.comm);
  MPI_Comm_set_errhandler(world.comm, MPI_ERRORS_RETURN);
  MPI_Comm_rank(world.comm, &world.rank);
  MPI_Comm_size(world.comm, &world.size);
  MPI_Comm local;
  MPI_Comm_split_type(world.comm, MPI_COMM_TYPE_SHARED, world.rank, MPI_INFO_NULL, &local);
  MPI_Comm_rank(local, &world.local_rank);
  MPI_Comm_size(local, &world.local_size);
  MPI_Comm_free(&local);
  int length = 0;
  MPI_Get_processor_name(world.host, &length);
  world.hosts = calloc((size_t)world.size, MPI_MAX_PROCESSOR_NAME);
  world.peers = calloc((size_t)world.size, sizeof(peer));
  if (!world.hosts || !world.peers) return MPI_ERR_NO_MEM;
  code = MPI_Allgather(world.host, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, world.hosts, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, world.comm);
  for (int r = 0; r < world.size; r++) {
    world.peers[r].heard = now();
    world.peers[r].request = MPI_REQUEST_NULL;
  }
  MPI_Get_library_version(mpi_library_version, &length);
  return code;
}

static int may_start(void) { return world.started < world.queued && world.started - world.finished < MAX_STARTED; }

/** Tests what has been started; returns whether something ended. With the mutex held. */
static int test_all(void) {
  int ended = 0;
  for (int64_t number = world.finished; number < world.started; number++) {
    job *j = &world.jobs[number % MAX_JOBS];
    if (j->done) continue;
    pthread_mutex_unlock(&world.mutex);
    int done = 0;
    const int code = MPI_Test(&j->request, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && done) settle(j);
    pthread_mutex_lock(&world.mutex);
    if (code != MPI_SUCCESS) fail_by_mpi(code, collective_name(j->collective));
    j->done = done;
    ended |= done;
  }
  while (world.finished < world.started && world.jobs[world.finished % MAX_JOBS].done) world.finished++;
  if (ended) pthread_cond_broadcast(&world.ended);
  return ended;
}

static void *communicate(void *unused) {
  (void)unused;
  const int code = initialise();
  pthread_mutex_lock(&world.mutex);
  if (code != MPI_SUCCESS) fail_by_mpi(code, "MPI_Init_thread");
  world.is_open = 1;
  pthread_cond_broadcast(&world.ended);
  double next = 0, last = now();
  int idle = 0;
  while (!world.failed || !world.closing) {
    if (world.aborting) {
      pthread_mutex_unlock(&world.mutex);
      MPI_Abort(world.comm, 1);
      pthread_mutex_lock(&world.mutex);
    }
    if (world.closing && world.finished == world.queued) break;
    if (world.failed) {
      // nothing more is started; whoever waits has been told
      pthread_cond_wait(&world.wanted, &world.mutex);
      continue;
    }
    while (may_start() && !world.failed) {
      job *j = &world.jobs[world.started % MAX_JOBS];
      j->started = now();
      // whoever queues the next is not held up while MPI copies this one
      pthread_mutex_unlock(&world.mutex);
      const int failure = start(j);
      pthread_mutex_lock(&world.mutex);
      if (failure != MPI_SUCCESS) fail_by_mpi(failure, collective_name(j->collective));
      else world.started++;
    }
    idle = test_all() ? 0 : idle + 1;
    const double time = now();
    forgive(time - last);
    last = time;
    const int64_t begun = world.queued;
    // whoever queues a collective is not held up while MPI sends
    pthread_mutex_unlock(&world.mutex);
    beat(time, &next, begun);
    pthread_mutex_lock(&world.mutex);
    watch(time);
    if (may_start()) continue;
    if (world.finished < world.started) {
      pthread_mutex_unlock(&world.mutex);
      if (idle < BUSY_TESTS) sched_yield();
      else nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
      pthread_mutex_lock(&world.mutex);
    } else if (!world.closing && !world.aborting) {
      struct timespec until;
      clock_gettime(CLOCK_REALTIME, &until);
      until.tv_nsec += 250000000;
      if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
      pthread_cond_timedwait(&world.wanted, &world.mutex, &until);
      idle = 0;
    }
  }
  const int in_order = !world.failed;
  pthread_mutex_unlock(&world.mutex);
  if (in_order) {
    for (int r = 0; r < world.size; r++)
      if (world.peers[r].request != MPI_REQUEST_NULL) MPI_Wait(&world.peers[r].request, MPI_STATUS_IGNORE);
    MPI_Finalize();
  }
  pthread_mutex_lock(&world.mutex);
  world.has_left = 1;
  pthread_cond_broadcast(&world.ended);
  pthread_mutex_unlock(&world.mutex);
  return NULL;
}

/** Waits for `ended` until a time; returns whether that has come. With the mutex held. */
static int wait_until(const struct timespec *until) { return pthread_cond_timedwait(&world.ended, &world.mutex, until) != 0; }

/** So many seconds from now. */
static struct timespec seconds_ahead(double seconds) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (time_t)seconds;
  return until;
}

/** Joins the world. Returns 0, or another number: `mpi_message` says why. */
EXPORT int32_t mpi_open(int32_t timeout_seconds) {
  pthread_mutex_lock(&world.mutex);
  world.timeout = timeout_seconds;
  if (pthread_create(&world.thread, NULL, communicate, NULL)) fail("the thread of the communicator cannot be started");
  const struct timespec until = seconds_ahead(MAX_OPENING * world.timeout);
  // MPI_Init waits for the others without end
  while (!world.is_open && !world.failed)
    if (wait_until(&until) && !world.is_open)
      fail("the other ranks have not come: see whether all of them were started, whether their machines reach each other, and have the same MPI");
  const int failed = world.failed;
  pthread_mutex_unlock(&world.mutex);
  return failed;
}

/** Fills rank, size, rank and size on this host, and the thread support that MPI provides (1: as much as is needed). */
EXPORT void mpi_describe(int32_t *facts) {
  facts[0] = world.rank;
  facts[1] = world.size;
  facts[2] = world.local_rank;
  facts[3] = world.local_size;
  facts[4] = world.provided >= MPI_THREAD_FUNNELED;
}

/** Puts a collective into the queue; returns its number, or -1 on failure. */
static int64_t enqueue(int32_t collective, void *data, int64_t count, int32_t type, int32_t root) {
  pthread_mutex_lock(&world.mutex);
  if (count > INT_MAX) fail("a collective of more than 2^31 elements");
  if (world.queued - world.finished == MAX_JOBS) fail("more collectives at once than the queue holds");
  int64_t number = -1;
  if (!world.failed) {
    number = world.queued++;
    world.jobs[number % MAX_JOBS] =
        (job){.collective = collective, .type = type, .root = root, .data = data, .count = count, .request = MPI_REQUEST_NULL};
    pthread_cond_signal(&world.wanted);
  }
  pthread_mutex_unlock(&world.mutex);
  return number;
}

/** Waits until all jobs below `number` have ended. */
static int32_t await_jobs(int64_t number) {
  pthread_mutex_lock(&world.mutex);
  while (world.finished < number && !world.failed) pthread_cond_wait(&world.ended, &world.mutex);
  const int failed = world.failed;
  pthread_mutex_unlock(&world.mutex);
  return failed;
}

/** `begin` of NativeCollectives. */
EXPORT int32_t mpi_begin(void *context, int32_t collective, void *data, int64_t count, int32_t type, void *stream) {
  (void)context, (void)stream;
  return enqueue(collective, data, count, type, 0) < 0;
}

/** `wait` of NativeCollectives. */
EXPORT int32_t mpi_wait(void *context, void *stream) {
  (void)context, (void)stream;
  pthread_mutex_lock(&world.mutex);
  const int64_t queued = world.queued;
  pthread_mutex_unlock(&world.mutex);
  return await_jobs(queued);
}

/** Makes one collective of the host's memory and waits for it. */
EXPORT int32_t mpi_collective(int32_t collective, void *data, int64_t count, int32_t type, int32_t root) {
  const int64_t number = enqueue(collective, data, count, type, root);
  return number < 0 ? 1 : await_jobs(number + 1);
}

/** Whether the world has failed. */
EXPORT int32_t mpi_failed(void) {
  pthread_mutex_lock(&world.mutex);
  const int failed = world.failed;
  pthread_mutex_unlock(&world.mutex);
  return failed;
}

/** Copies why the world has failed into `message`, of MESSAGE_BYTES. */
EXPORT void mpi_message(char *message) {
  pthread_mutex_lock(&world.mutex);
  memcpy(message, world.message, MESSAGE_BYTES);
  pthread_mutex_unlock(&world.mutex);
}

/** Copies the name of a rank's host into `name`, of MESSAGE_BYTES. */
EXPORT void mpi_host(int32_t rank, char *name) {
  snprintf(name, MESSAGE_BYTES, "%s", world.hosts ? world.hosts + (size_t)rank * MPI_MAX_PROCESSOR_NAME : "");
}

/** Ends all ranks. The process ends soon after. */
EXPORT void mpi_abort(void) {
  pthread_mutex_lock(&world.mutex);
  world.aborting = 1;
  pthread_cond_signal(&world.wanted);
  pthread_mutex_unlock(&world.mutex);
}

/** Leaves the world, after all other ranks have come here too. Returns 0, or another number: `mpi_message` says why. */
EXPORT int32_t mpi_close(void) {
  // heartbeats go on until the last rank has come
  static double nothing;
  mpi_collective(ALL_REDUCE, &nothing, 1, FLOAT64, 0);
  pthread_mutex_lock(&world.mutex);
  world.closing = 1;
  pthread_cond_signal(&world.wanted);
  const struct timespec until = seconds_ahead(world.timeout);
  // MPI_Finalize waits for the others without end
  while (!world.has_left)
    if (wait_until(&until) && !world.has_left) {
      fail("the other ranks did not leave MPI in time: the network is down, or one of them was stopped");
      break;
    }
  const int failed = world.failed, has_left = world.has_left;
  pthread_mutex_unlock(&world.mutex);
  if (has_left) pthread_join(world.thread, NULL);
  return failed;
}
