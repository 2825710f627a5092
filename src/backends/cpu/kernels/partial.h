/**
 * The end of a row whose length is no multiple of VL: the first `count` < VL elements of a vector; loading fills the
 * others with 0. A channel count is always a multiple of 8, so only variants with VL > 8 meet it in practice.
 */
#ifndef MINILLM_PARTIAL_H
#define MINILLM_PARTIAL_H

#include "simd.h"

static inline vf vload_first(const float *p, int64_t count) {
  float buffer[VL] = {0};
  memcpy(buffer, p, (size_t)count * sizeof *p);
  return vload(buffer);
}
static inline void vstore_first(float *p, vf v, int64_t count) {
  float buffer[VL];
  vstore(buffer, v);
  memcpy(p, buffer, (size_t)count * sizeof *p);
}
static inline vf vload_act_first(const act *p, int64_t count) {
  act buffer[VL];
  memset(buffer, 0, sizeof buffer);
  memcpy(buffer, p, (size_t)count * sizeof *p);
  return vload_act(buffer);
}
static inline void vstore_act_first(act *p, vf v, int64_t count) {
  act buffer[VL];
  vstore_act(buffer, v);
  memcpy(p, buffer, (size_t)count * sizeof *p);
}

#endif
