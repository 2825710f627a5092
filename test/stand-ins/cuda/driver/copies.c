/** Copies and fills. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

typedef struct {
  uint64_t to, from;
  size_t bytes;
  uint8_t *staged;
} copy;

static int is_pinned(uint64_t address, size_t bytes) {
  const allocation *each = holder_of(address);
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
  if (!stand_in_memory(c->to, c->bytes, &written)) return refuse(text, "a copy to the device", c->to, c->bytes);
  if (!c->staged && !is_pinned(c->from, c->bytes)) return refuse(text, "a copy to the device, from the host", c->from, c->bytes);
  memcpy((void *)(uintptr_t)c->to, c->staged ? c->staged : (void *)(uintptr_t)c->from, c->bytes);
  memset(written, 1, c->bytes);
  free(c->staged);
  return 0;
}

/** Bytes that nobody has written are copied: that is no fault of the copy. */
static int to_host(void *data, char *text) {
  const copy *c = data;
  uint8_t *written;
  if (!stand_in_memory(c->from, c->bytes, &written)) return refuse(text, "a copy to the host", c->from, c->bytes);
  memcpy((void *)(uintptr_t)c->to, (void *)(uintptr_t)c->from, c->bytes);
  return 0;
}

static int to_pinned(void *data, char *text) {
  const copy *c = data;
  if (!is_pinned(c->to, c->bytes)) return refuse(text, "a copy to the host", c->to, c->bytes);
  return to_host(data, text);
}

static int on_device(void *data, char *text) {
  const copy *c = data;
  uint8_t *to, *from;
  if (!stand_in_memory(c->to, c->bytes, &to)) return refuse(text, "a copy on the device", c->to, c->bytes);
  if (!stand_in_memory(c->from, c->bytes, &from)) return refuse(text, "a copy on the device", c->from, c->bytes);
  memmove((void *)(uintptr_t)c->to, (void *)(uintptr_t)c->from, c->bytes);
  memmove(to, from, c->bytes);
  return 0;
}

/** What a captured stream does not take spoils the capture. */
static int32_t spoil(const stream *s) {
  s->captured->is_invalid = 1;
  return leave(CAPTURE_UNSUPPORTED);
}

EXPORT int32_t cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  copy c = {.to = to, .from = (uint64_t)(uintptr_t)from, .bytes = bytes};
  if (!is_pinned(c.from, bytes)) {
    if (s->captured) return spoil(s);
    c.staged = memcpy(malloc(bytes + 1), from, bytes);
  }
  append(s, NULL, to_device, &c, sizeof c);
  return leave(SUCCESS);
}

EXPORT int32_t cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  const copy c = {.to = (uint64_t)(uintptr_t)to, .from = from, .bytes = bytes};
  const int pinned = is_pinned(c.to, bytes);
  if (!pinned && s->captured) return spoil(s);
  append(s, NULL, pinned ? to_pinned : to_host, &c, sizeof c);
  if (!pinned) finish(s->last);
  return leave(failure);
}

EXPORT int32_t cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  const copy c = {.to = to, .from = from, .bytes = bytes};
  append(s, NULL, on_device, &c, sizeof c);
  return leave(SUCCESS);
}

typedef struct {
  uint64_t to;
  size_t bytes;
  int value;
} fill;

static int do_fill(void *data, char *text) {
  const fill *f = data;
  uint8_t *written;
  if (!stand_in_memory(f->to, f->bytes, &written)) return refuse(text, "a fill", f->to, f->bytes);
  memset((void *)(uintptr_t)f->to, f->value, f->bytes);
  memset(written, 1, f->bytes);
  return 0;
}

EXPORT int32_t cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, int64_t on) {
  ENTER();
  stream *s = stream_of(on);
  if (!s) return leave(INVALID_HANDLE);
  const fill f = {.to = to, .bytes = bytes, .value = value};
  append(s, NULL, do_fill, &f, sizeof f);
  return leave(SUCCESS);
}
