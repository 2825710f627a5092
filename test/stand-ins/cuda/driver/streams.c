/** Streams and events. */
#include <stdlib.h>

#include "driver.h"

#define MAX_STREAMS 256

enum { DISABLE_TIMING = 2 };

typedef struct {
  node *recorded;
  int is_timed, polls;
} event;

static stream *streams[MAX_STREAMS];
static int stream_count;

stream *stream_of(int64_t handle) {
  for (int i = 0; i < stream_count; i++)
    if ((int64_t)streams[i] == handle) return streams[i];
  return NULL;
}

void finish_all(void) {
  for (int i = 0; i < stream_count; i++) finish(streams[i]->last);
}

void release_captured(const graph *g) {
  for (int i = 0; i < stream_count; i++) {
    stream *s = streams[i];
    if (s->captured != g) continue;
    drop(s->captured_last);
    s->captured = NULL;
    s->captured_last = NULL;
    s->is_origin = 0;
  }
}

EXPORT int32_t cuStreamCreateWithPriority(int64_t *result, unsigned flags, int priority) {
  (void)flags;
  (void)priority;
  ENTER();
  if (stream_count == MAX_STREAMS) return leave(OUT_OF_MEMORY);
  streams[stream_count] = calloc(1, sizeof(stream));
  *result = (int64_t)streams[stream_count++];
  return leave(SUCCESS);
}

EXPORT int32_t cuStreamSynchronize(int64_t on) {
  ENTER_BY(enter_outside_captures);
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  finish(s->last);
  return leave(failure);
}

EXPORT int32_t cuStreamDestroy_v2(int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  finish(s->last);
  for (int i = 0; i < stream_count; i++)
    if (streams[i] == s) streams[i] = streams[--stream_count];
  drop(s->last);
  drop(s->captured_last);
  free(s);
  return leave(SUCCESS);
}

EXPORT int32_t cuEventCreate(int64_t *result, unsigned flags) {
  ENTER();
  event *e = calloc(1, sizeof *e);
  e->is_timed = !(flags & DISABLE_TIMING);
  *result = (int64_t)e;
  return leave(SUCCESS);
}

EXPORT int32_t cuEventDestroy_v2(int64_t of) {
  ENTER();
  event *e = (event *)of;
  drop(e->recorded);
  free(e);
  return leave(SUCCESS);
}

EXPORT int32_t cuEventRecord(int64_t of, int64_t on) {
  ENTER();
  event *e = (event *)of;
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  drop(e->recorded);
  e->recorded = hold(append(s, NULL, NULL, NULL, 0));
  e->polls = 0;
  return leave(SUCCESS);
}

/** A stream that waits for a captured one is captured too. */
EXPORT int32_t cuStreamWaitEvent(int64_t on, int64_t of, unsigned flags) {
  (void)flags;
  ENTER();
  stream *s = stream_of(on);
  node *awaited = ((event *)of)->recorded;
  if (!s) return leave(INVALID_HANDLE);
  if (!awaited) return leave(SUCCESS);
  if (awaited->capture && !s->captured) {
    if (!capturing || awaited->capture != capturing->capture) return leave(CAPTURED_EVENT);
    s->captured = capturing;
  }
  if (s->captured && awaited->capture != s->captured->capture) {
    s->captured->is_invalid = 1;
    return leave(CAPTURE_ISOLATION);
  }
  append(s, awaited, NULL, NULL, 0);
  return leave(SUCCESS);
}

/** The first question comes too early. */
EXPORT int32_t cuEventQuery(int64_t of) {
  ENTER_BY(enter_outside_captures);
  event *e = (event *)of;
  if (!e->recorded) return leave(SUCCESS);
  if (e->recorded->capture) return leave(CAPTURED_EVENT);
  if (!e->recorded->is_done && (e->polls++ == 0 || !perform(e->recorded))) return leave(NOT_READY);
  return leave(failure);
}

EXPORT int32_t cuEventSynchronize(int64_t of) {
  ENTER_BY(enter_outside_captures);
  event *e = (event *)of;
  if (e->recorded && e->recorded->capture) return leave(CAPTURED_EVENT);
  finish(e->recorded);
  return leave(failure);
}

EXPORT int32_t cuEventElapsedTime(float *milliseconds, int64_t start, int64_t end) {
  ENTER();
  const event *from = (event *)start, *to = (event *)end;
  if (!from->recorded || !to->recorded || !from->is_timed || !to->is_timed) return leave(INVALID_HANDLE);
  if (!from->recorded->is_done || !to->recorded->is_done) return leave(NOT_READY);
  *milliseconds = (float)(1000 * (to->recorded->seconds - from->recorded->seconds));
  return leave(SUCCESS);
}
