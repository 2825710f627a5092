/** Runs one function on several threads at once, each with its own number, and waits for all of them. */
#ifndef MINILLM_BENCH_THREADS_H
#define MINILLM_BENCH_THREADS_H

#include <pthread.h>
#include <time.h>

#define MAX_THREADS 256

typedef struct {
  void *(*body)(void *job);
  pthread_t handle;
  int number, count;
  void *data;
} job;

/** Seconds from the first thread's start to the last one's end; negative when a thread could not be started. */
static double seconds_on_threads(int count, void *(*body)(void *job), void *data) {
  job jobs[MAX_THREADS];
  struct timespec start, end;
  if (count < 1 || count > MAX_THREADS) return -1;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < count; i++) {
    jobs[i] = (job){.body = body, .number = i, .count = count, .data = data};
    if (pthread_create(&jobs[i].handle, NULL, body, &jobs[i]) != 0) return -1;
  }
  for (int i = 0; i < count; i++) pthread_join(jobs[i].handle, NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

#endif
