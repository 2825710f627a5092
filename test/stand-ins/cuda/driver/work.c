/** Work that is done when something waits for it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"
#include "random.h"

static uint64_t random_state = 3;

void seed_order(uint64_t seed) { random_state = 2 * seed + 1; }

unsigned draw(unsigned below) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((random_state >> 33) % below);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

node *hold(node *each) {
  if (each) each->holders++;
  return each;
}

void forget_order(node *each) {
  for (int i = 0; i < 2; i++) {
    drop(each->before[i]);
    each->before[i] = NULL;
  }
}

static void forget_data(node *each) {
  if (each->owner) drop_graph(each->owner);
  else free(each->data);
  each->owner = NULL;
  each->data = NULL;
}

void drop(node *each) {
  if (!each || --each->holders > 0) return;
  forget_order(each);
  forget_data(each);
  free(each);
}

/** Does one piece of work, unless the GPU has failed. Returns 0 if it cannot be done yet. */
static int perform_one(node *each) {
  const int result = each->function && !failure ? each->function(each->data, message) : 0;
  if (result == NOT_YET) return 0;
  if (result) fail_device(ILLEGAL_ADDRESS);
  each->is_done = 1;
  each->seconds = now();
  forget_order(each);
  forget_data(each);
  return 1;
}

int perform(node *last) {
  size_t count = 0, room = 64;
  int all = 1;
  node **waiting = malloc(room * sizeof *waiting);
  if (last) waiting[count++] = last;
  while (count > 0 && all) {
    node *each = waiting[count - 1], *open[2];
    unsigned opened = 0;
    for (int i = 0; i < 2; i++)
      if (each->before[i] && !each->before[i]->is_done) open[opened++] = each->before[i];
    if (count == room) waiting = realloc(waiting, (room *= 2) * sizeof *waiting);
    if (each->is_done) count--;
    else if (opened > 0) waiting[count++] = open[draw(opened)];
    else all = perform_one(each);
  }
  free(waiting);
  return all;
}

void finish(node *last) {
  while (!perform(last)) pause_locked();
}

node *append(stream *to, node *other, work_function *what, const void *data, size_t bytes) {
  node *each = calloc(1, sizeof *each);
  graph *g = to->captured;
  node **last = g ? &to->captured_last : &to->last;
  each->function = what;
  if (bytes) each->data = memcpy(malloc(bytes), data, bytes);
  each->before[0] = hold(*last);
  each->before[1] = hold(other);
  drop(*last);
  *last = hold(each);
  if (g) {
    each->capture = g->capture;
    each->index = g->count++;
    if (g->last) g->last->next = hold(each);
    else g->first = hold(each);
    g->last = each;
  }
  return each;
}

EXPORT int32_t stand_in_enqueue(int64_t to, work_function *what, const void *data, size_t bytes) {
  ENTER();
  stream *s = stream_of(to);
  if (!s) return leave(INVALID_HANDLE);
  append(s, NULL, what, data, bytes);
  return leave(SUCCESS);
}
