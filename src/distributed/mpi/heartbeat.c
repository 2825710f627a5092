/**
 * Every second, each rank tells rank 0 (and rank 0 all others) that it is alive, and how many collectives it has begun: so a
 * rank that is lost is noticed, and named, whatever it was doing.
 */
#include "world.h"

#define HEARTBEAT_TAG 1
#define HEARTBEAT_SECONDS 1.0
/** How many times the timeout a rank that is alive may keep the others waiting in a collective. */
#define MAX_DELAY 30

void beat(double time, double *next, int64_t begun) {
  const int from = world.rank == 0 ? 1 : 0, to = world.rank == 0 ? world.size : 1;
  for (;;) {
    int arrived = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, HEARTBEAT_TAG, world.comm, &arrived, &status) != MPI_SUCCESS || !arrived) break;
    peer *p = &world.peers[status.MPI_SOURCE];
    if (MPI_Recv(&p->begun, 1, MPI_INT64_T, status.MPI_SOURCE, HEARTBEAT_TAG, world.comm, &status) != MPI_SUCCESS) break;
    p->heard = time;
  }
  if (time < *next) return;
  *next = time + HEARTBEAT_SECONDS;
  for (int r = from; r < to; r++) {
    if (r == world.rank) continue;
    peer *p = &world.peers[r];
    int sent = 1;
    if (p->request != MPI_REQUEST_NULL) MPI_Test(&p->request, &sent, MPI_STATUS_IGNORE);
    if (!sent) continue;
    p->sent = begun;
    MPI_Isend(&p->sent, 1, MPI_INT64_T, r, HEARTBEAT_TAG, world.comm, &p->request);
  }
}

void watch(double time) {
  const double timeout = world.rank == 0 ? world.timeout : world.timeout + 3 * HEARTBEAT_SECONDS;
  const int from = world.rank == 0 ? 1 : 0, to = world.rank == 0 ? world.size : 1;
  const job *waiting = world.finished < world.started ? &world.jobs[world.finished % MAX_JOBS] : NULL;
  char during[128] = "";
  if (waiting)
    snprintf(during, sizeof during, ", during the %s of %lld bytes", collective_name(waiting->collective),
             (long long)waiting->count * element_bytes(waiting->type));
  for (int r = from; r < to; r++) {
    const peer *p = &world.peers[r];
    const char *host = world.hosts + (size_t)r * MPI_MAX_PROCESSOR_NAME;
    char message[MESSAGE_BYTES];
    if (time - p->heard > timeout) {
      snprintf(message, MESSAGE_BYTES,
               "rank %d on %s has not answered for %.0f s%s: it has ended or been stopped, or the network is down", r, host,
               time - p->heard, during);
      fail(message);
      return;
    }
    if (waiting && p->begun <= world.finished && time - waiting->started > MAX_DELAY * timeout) {
      snprintf(message, MESSAGE_BYTES, "rank %d on %s answers, but has kept the others waiting for %.0f s%s", r, host,
               time - waiting->started, during);
      fail(message);
      return;
    }
  }
}

void forgive(double away) {
  if (away < 2 * HEARTBEAT_SECONDS) return;
  for (int r = 0; r < world.size; r++) world.peers[r].heard += away;
  for (int64_t number = world.finished; number < world.started; number++) world.jobs[number % MAX_JOBS].started += away;
}
