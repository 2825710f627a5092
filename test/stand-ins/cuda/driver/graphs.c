/** Captures, and graphs of captured work. */
#include <stdlib.h>

#include "driver.h"

#define NODE_BYTES 1024

_Thread_local graph *capturing;
static int64_t captures;

EXPORT int32_t cuStreamBeginCapture_v2(int64_t on, int32_t mode) {
  (void)mode;
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  if (capturing || s->captured) return leave(CAPTURE_UNSUPPORTED);
  graph *g = calloc(1, sizeof *g);
  g->holders = 1;
  g->capture = ++captures;
  s->captured = capturing = g;
  s->is_origin = 1;
  return leave(SUCCESS);
}

void drop_graph(graph *g) {
  if (--g->holders > 0) return;
  for (node *each = g->first, *next; each; each = next) {
    next = each->next;
    forget_order(each);
    drop(each);
  }
  free(g);
}

/** Whether the end of the captured stream depends on all the work. */
static int is_joined(const graph *g) {
  const node **each = malloc(((size_t)g->count + 1) * sizeof *each);
  char *is_reached = calloc((size_t)g->count + 1, 1);
  int i = 0, joined = 1;
  for (const node *n = g->first; n; n = n->next) each[i++] = n;
  if (g->end) is_reached[g->end->index] = 1;
  while (i-- > 0) {
    if (!is_reached[i] && each[i]->function) joined = 0;
    for (int b = 0; is_reached[i] && b < 2; b++)
      if (each[i]->before[b]) is_reached[each[i]->before[b]->index] = 1;
  }
  free(is_reached);
  free(each);
  return joined;
}

EXPORT int32_t cuStreamEndCapture(int64_t on, int64_t *result) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  if (!s->is_origin || s->captured != capturing) return leave(CAPTURE_UNMATCHED);
  graph *g = capturing;
  g->end = s->captured_last; /* the graph holds it */
  const int32_t status = g->is_invalid ? CAPTURE_INVALIDATED : is_joined(g) ? SUCCESS : CAPTURE_UNJOINED;
  capturing = NULL;
  release_captured(g);
  *result = status ? 0 : (int64_t)g;
  if (status) drop_graph(g);
  return leave(status);
}

/** A graph that can be launched is the graph itself, held once more; it takes memory of the device. */
EXPORT int32_t cuGraphInstantiateWithFlags(int64_t *executable, int64_t of, uint64_t flags) {
  (void)flags;
  ENTER();
  graph *g = (graph *)of;
  const size_t bytes = NODE_BYTES * (size_t)g->count;
  if (charge(current_device(), bytes)) return leave(OUT_OF_MEMORY);
  g->device = current_device();
  g->bytes = bytes;
  g->holders++;
  *executable = of;
  return leave(SUCCESS);
}

EXPORT int32_t cuGraphUpload(int64_t executable, int64_t on) {
  ENTER();
  return leave(executable && stream_of(on) ? SUCCESS : INVALID_HANDLE);
}

/** Each launch does the work anew: nodes of its own, behind what the stream has, and before what comes. */
EXPORT int32_t cuGraphLaunch(int64_t executable, int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  graph *g = (graph *)executable;
  if (!s || !g) return leave(INVALID_HANDLE);
  if (s->captured) return leave(CAPTURE_UNSUPPORTED);
  node *start = append(s, NULL, NULL, NULL, 0);
  node **copies = calloc((size_t)g->count + 1, sizeof *copies);
  for (const node *each = g->first; each; each = each->next) {
    node *copied = copies[each->index] = hold(calloc(1, sizeof *copied));
    copied->function = each->function;
    copied->data = each->data;
    copied->owner = g;
    g->holders++;
    int ordered = 0;
    for (int b = 0; b < 2; b++)
      if (each->before[b]) copied->before[ordered++] = hold(copies[each->before[b]->index]);
    if (!ordered) copied->before[0] = hold(start);
  }
  if (g->end) {
    drop(s->last);
    s->last = hold(copies[g->end->index]);
  }
  for (int i = 0; i < g->count; i++) drop(copies[i]);
  free(copies);
  return leave(SUCCESS);
}

EXPORT int32_t cuGraphExecDestroy(int64_t executable) {
  ENTER();
  graph *g = (graph *)executable;
  discharge(g->device, g->bytes);
  drop_graph(g);
  return leave(SUCCESS);
}

EXPORT int32_t cuGraphDestroy(int64_t of) {
  ENTER();
  drop_graph((graph *)of);
  return leave(SUCCESS);
}
