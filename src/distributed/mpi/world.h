/** The world of ranks, as this one sees it. Its mutex guards what both the communicator's thread and others use. */
#pragma once
#define _GNU_SOURCE
#include <mpi.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/** As COLLECTIVES of communicator.ts numbers them; the last is for the host alone. */
enum { ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, BROADCAST };
/** As ELEMENT_TYPES numbers them; the last is for the host alone. */
enum { FLOAT32, FLOAT64, BYTES };

#define MAX_JOBS 1024
#define MESSAGE_BYTES 512

typedef struct {
  int32_t collective, type, root;
  void *data;
  int64_t count;
  /** Of a reduce-scatter: the sum of this rank's slice. */
  void *slice;
  MPI_Request request;
  double started;
  int done;
} job;

/** What is known of another rank. */
typedef struct {
  double heard;
  int64_t begun;
  /** A heartbeat on its way to it. */
  int64_t sent;
  MPI_Request request;
} peer;

extern struct world {
  pthread_mutex_t mutex;
  /** Signalled for waiters when a job ends or the world fails; for the thread when there is a job. */
  pthread_cond_t ended, wanted;
  pthread_t thread;
  int is_open, closing, aborting, has_left;
  /** Jobs are numbered from 0: put into the queue, started, and all ended up to here. */
  int64_t queued, started, finished;
  job jobs[MAX_JOBS];
  int rank, size, local_rank, local_size, provided;
  MPI_Comm comm;
  peer *peers;
  double timeout;
  char host[MPI_MAX_PROCESSOR_NAME];
  /** Names of all hosts, MPI_MAX_PROCESSOR_NAME bytes each. */
  char *hosts;
  int failed;
  char message[MESSAGE_BYTES];
} world;

/** Seconds on a clock that only goes forward. */
double now(void);

/** Called with the mutex held; the first failure counts. */
void fail(const char *message);

const char *collective_name(int32_t collective);
int element_bytes(int32_t type);

/** Sends heartbeats that are due, with the number of collectives begun, and receives those of others. Without the mutex. */
void beat(double time, double *next, int64_t begun);

/**
 * Fails the world when another rank has been silent for too long, or keeps the others waiting. Rank 0 watches all; the
 * others watch rank 0, a little longer.
 */
void watch(double time);

/** A process that was stopped itself, with its host or alone, has heard nothing meanwhile: that silence is its own. */
void forgive(double away);
