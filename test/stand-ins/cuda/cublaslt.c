/**
 * cuBLASLt over the memory of the driver's stand-in: products of fp32 and bf16 matrices with fp32 sums, and a bias. A product
 * that the library refuses is refused: a bias of another type than D, places that are not aligned.
 */
#include <stdio.h>
#include <string.h>

#include "driver-link.h"

#define EXPORT __attribute__((visibility("default")))

enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { FP32 = 0, BF16 = 14 };
enum { DEFAULT = 1, BIAS = 4 };
/** How the parts of a product that is split along K may be added up: in the type of the result, and in any way. */
enum { OUTPUT_TYPE = 4, ANY_REDUCTION = 7 };
/** What is offered, by the number that an algorithm begins with. */
enum { SPLIT = 6, WITH_WORKSPACE = 7, PLAIN = 8 };
#define WORKSPACE_BYTES 1024
#define PART 16

#define ALIGNMENT 16

typedef struct {
  int32_t transposed_a, transposed_b, epilogue, bias_type;
  uint64_t bias;
} description;

typedef struct {
  int32_t type;
  uint64_t rows, columns;
  int64_t leading;
} layout;

typedef struct {
  uint64_t workspace;
  uint32_t reductions;
} preference;

typedef struct {
  uint64_t data[8];
} algorithm;

typedef struct {
  algorithm algo;
  size_t workspace;
  int32_t state;
  float waves;
  int32_t reserved[4];
} heuristic;

EXPORT size_t cublasLtGetVersion(void) { return 130101; }
EXPORT const char *cublasLtGetStatusString(int32_t status) {
  return status == NOT_SUPPORTED ? "the requested functionality is not supported" : "an unsupported value or parameter";
}

EXPORT int32_t cublasLtCreate(int64_t *handle) {
  if (!open_driver()) return NOT_INITIALIZED;
  *handle = 1;
  return SUCCESS;
}
EXPORT int32_t cublasLtDestroy(int64_t handle) { return handle == 1 ? SUCCESS : INVALID_VALUE; }

EXPORT int32_t cublasLtMatmulDescCreate(int64_t *result, int32_t compute, int32_t scale) {
  description *d = calloc(1, sizeof *d);
  d->epilogue = DEFAULT;
  d->bias_type = -1;
  *result = (int64_t)d;
  return compute == 68 && scale == FP32 ? SUCCESS : NOT_SUPPORTED;
}
EXPORT int32_t cublasLtMatmulDescDestroy(int64_t of) {
  free((void *)of);
  return SUCCESS;
}

EXPORT int32_t cublasLtMatmulDescSetAttribute(int64_t of, int32_t attribute, const void *value, size_t bytes) {
  description *d = (description *)of;
  void *field;
  size_t size = 4;
  switch (attribute) {
    case 3: field = &d->transposed_a; break;
    case 4: field = &d->transposed_b; break;
    case 7: field = &d->epilogue; break;
    case 8: field = &d->bias; size = 8; break;
    case 26: field = &d->bias_type; break;
    default: return INVALID_VALUE;
  }
  if (bytes != size) return INVALID_VALUE;
  memcpy(field, value, size);
  return SUCCESS;
}

EXPORT int32_t cublasLtMatrixLayoutCreate(int64_t *result, int32_t type, uint64_t rows, uint64_t columns, int64_t leading) {
  if ((type != FP32 && type != BF16) || leading < (int64_t)rows) return INVALID_VALUE;
  layout *l = malloc(sizeof *l);
  *l = (layout){type, rows, columns, leading};
  *result = (int64_t)l;
  return SUCCESS;
}
EXPORT int32_t cublasLtMatrixLayoutDestroy(int64_t of) {
  free((void *)of);
  return SUCCESS;
}

EXPORT int32_t cublasLtMatmulPreferenceCreate(int64_t *result) {
  preference *p = calloc(1, sizeof *p);
  p->reductions = ANY_REDUCTION;
  *result = (int64_t)p;
  return SUCCESS;
}
EXPORT int32_t cublasLtMatmulPreferenceDestroy(int64_t of) {
  free((void *)of);
  return SUCCESS;
}
EXPORT int32_t cublasLtMatmulPreferenceSetAttribute(int64_t of, int32_t attribute, const void *value, size_t bytes) {
  preference *p = (preference *)of;
  if (attribute == 1 && bytes == 8) memcpy(&p->workspace, value, 8);
  else if (attribute == 3 && bytes == 4) memcpy(&p->reductions, value, 4);
  else if (attribute < 5 || attribute > 8 || bytes != 4) return INVALID_VALUE;
  return p->reductions & ~(uint32_t)ANY_REDUCTION ? INVALID_VALUE : SUCCESS;
}

static int is_supported(const description *d, const layout *a, const layout *b, const layout *out) {
  const uint64_t m = d->transposed_a ? a->columns : a->rows, k = d->transposed_a ? a->rows : a->columns;
  const uint64_t n = d->transposed_b ? b->rows : b->columns;
  if (out->rows != m || out->columns != n || (d->transposed_b ? b->columns : b->rows) != k || a->type != b->type) return 0;
  if (a->type == FP32 && out->type != FP32) return 0;
  if (d->epilogue == BIAS && d->bias_type != out->type) return 0;
  return d->epilogue == DEFAULT || d->epilogue == BIAS;
}

/**
 * One way that splits K and adds the parts up in the type of the result, unless that may not be; one that needs workspace; one that
 * needs none.
 */
EXPORT int32_t cublasLtMatmulAlgoGetHeuristic(int64_t handle, int64_t of, int64_t a, int64_t b, int64_t c, int64_t d,
                                              int64_t preferred, int requested, heuristic *results, int *found) {
  (void)c;
  *found = 0;
  if (handle != 1) return INVALID_VALUE;
  if (!is_supported((description *)of, (layout *)a, (layout *)b, (layout *)d)) return NOT_SUPPORTED;
  const preference *p = (preference *)preferred;
  for (uint64_t way = SPLIT; way <= PLAIN && *found < requested; way++) {
    const size_t workspace = way == WITH_WORKSPACE ? WORKSPACE_BYTES : 0;
    if (workspace > p->workspace || (way == SPLIT && !(p->reductions & OUTPUT_TYPE))) continue;
    results[*found] = (heuristic){.algo = {{way}}, .workspace = workspace, .waves = 1};
    ++*found;
  }
  return SUCCESS;
}

typedef struct {
  description operation;
  layout a, b, d;
  float alpha, beta;
  int is_split;
  uint64_t at_a, at_b, at_c, at_d;
} product;

static float number(uint64_t at, int type, int64_t index) {
  if (type == FP32) return ((const float *)(uintptr_t)at)[index];
  const uint32_t bits = (uint32_t)((const uint16_t *)(uintptr_t)at)[index] << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

static uint16_t bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const int is_nan = value != value;
  return (uint16_t)((is_nan ? bits | 0x400000 : bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static void store(uint64_t at, int type, int64_t index, float value) {
  if (type == FP32) ((float *)(uintptr_t)at)[index] = value;
  else ((uint16_t *)(uintptr_t)at)[index] = bf16(value);
}

static float rounded(float value, int type) {
  if (type == FP32) return value;
  const uint16_t bits = bf16(value);
  return number((uint64_t)(uintptr_t)&bits, BF16, 0);
}

static float dot(const float *x, const float *y, uint64_t k) {
  float lanes[16] = {0}, sum = 0;
  uint64_t q = 0;
  for (; q + 16 <= k; q += 16)
    for (int lane = 0; lane < 16; lane++) lanes[lane] += x[q + (uint64_t)lane] * y[q + (uint64_t)lane];
  for (; q < k; q++) sum += x[q] * y[q];
  for (int lane = 0; lane < 16; lane++) sum += lanes[lane];
  return sum;
}

/** A product whose K is split: what comes of each part is added up in the type of the result. */
static float dot_of_parts(const float *x, const float *y, uint64_t k, int type) {
  float sum = 0;
  for (uint64_t q = 0; q < k; q += PART) sum = rounded(sum + dot(x + q, y + q, k - q < PART ? k - q : PART), type);
  return sum;
}

static size_t width(int type) { return type == FP32 ? 4 : 2; }

/** Checks a column-major matrix's columns, which must be written if they are read, and marks what is written. */
static int check(const char *name, uint64_t at, int type, uint64_t rows, uint64_t columns, int64_t leading, int reads,
                 int writes, char *message) {
  for (uint64_t column = 0; column < columns; column++) {
    const uint64_t from = at + width(type) * (uint64_t)leading * column;
    uint8_t *written;
    const size_t bytes = width(type) * rows;
    if (!memory(from, bytes, &written)) {
      snprintf(message, MESSAGE_BYTES, "cublasLtMatmul: column %llu of %s (0x%llx, %zu bytes) is not in one allocation",
               (unsigned long long)column, name, (unsigned long long)from, bytes);
      return 0;
    }
    if (reads && memchr(written, 0, bytes)) {
      snprintf(message, MESSAGE_BYTES, "cublasLtMatmul: %s is read in column %llu, where nobody has written all of it", name,
               (unsigned long long)column);
      return 0;
    }
    if (writes) memset(written, 1, bytes);
  }
  return 1;
}

/** A matrix as rows of fp32, each of `k`. */
static float *gathered(uint64_t at, const layout *l, int by_columns) {
  const uint64_t rows = by_columns ? l->columns : l->rows, k = by_columns ? l->rows : l->columns;
  float *result = malloc(sizeof(float) * (rows * k + 1));
  for (uint64_t r = 0; r < rows; r++)
    for (uint64_t i = 0; i < k; i++)
      result[r * k + i] = number(at, l->type, (int64_t)(by_columns ? i : r) + l->leading * (int64_t)(by_columns ? r : i));
  return result;
}

static int multiply(void *data, char *message) {
  const product *p = data;
  const description *o = &p->operation;
  const uint64_t m = p->d.rows, n = p->d.columns, k = o->transposed_a ? p->a.rows : p->a.columns;
  const int has_bias = o->epilogue == BIAS;
  if (!check("the first matrix", p->at_a, p->a.type, p->a.rows, p->a.columns, p->a.leading, 1, 0, message) ||
      !check("the second matrix", p->at_b, p->b.type, p->b.rows, p->b.columns, p->b.leading, 1, 0, message) ||
      !check("C", p->at_c, p->d.type, m, n, p->d.leading, p->beta != 0, 0, message) ||
      !check("D", p->at_d, p->d.type, m, n, p->d.leading, 0, 1, message) ||
      (has_bias && !check("the bias", o->bias, o->bias_type, m, 1, (int64_t)m, 1, 0, message)))
    return 1;
  float *a = gathered(p->at_a, &p->a, o->transposed_a), *b = gathered(p->at_b, &p->b, !o->transposed_b);
  for (uint64_t j = 0; j < n; j++)
    for (uint64_t i = 0; i < m; i++) {
      const float *x = a + i * k, *y = b + j * k;
      const float sum = p->is_split ? dot_of_parts(x, y, k, p->d.type) : dot(x, y, k);
      const int64_t at = (int64_t)i + p->d.leading * (int64_t)j;
      float value = p->alpha * sum;
      if (p->beta != 0) value += p->beta * number(p->at_c, p->d.type, at);
      if (has_bias) value += number(o->bias, o->bias_type, (int64_t)i);
      store(p->at_d, p->d.type, at, value);
    }
  free(a);
  free(b);
  return 0;
}

EXPORT int32_t cublasLtMatmul(int64_t handle, int64_t of, const float *alpha, uint64_t a, int64_t a_layout, uint64_t b,
                              int64_t b_layout, const float *beta, uint64_t c, int64_t c_layout, uint64_t d, int64_t d_layout,
                              const algorithm *way, uint64_t workspace, size_t workspace_bytes, int64_t stream) {
  (void)c_layout;
  const product p = {
      .operation = *(description *)of,
      .a = *(layout *)a_layout,
      .b = *(layout *)b_layout,
      .d = *(layout *)d_layout,
      .alpha = *alpha,
      .beta = *beta,
      .is_split = way && way->data[0] == SPLIT,
      .at_a = a,
      .at_b = b,
      .at_c = c,
      .at_d = d,
  };
  if (handle != 1 || !is_supported(&p.operation, &p.a, &p.b, &p.d)) return NOT_SUPPORTED;
  if (!way || way->data[0] < SPLIT || way->data[0] > PLAIN) return INVALID_VALUE;
  uint8_t *written;
  if (way->data[0] == WITH_WORKSPACE && (workspace_bytes < WORKSPACE_BYTES || !memory(workspace, WORKSPACE_BYTES, &written)))
    return INVALID_VALUE;
  if ((a | b | c | d | workspace) % ALIGNMENT) return NOT_SUPPORTED;
  return enqueue(stream, multiply, &p, sizeof p) ? EXECUTION_FAILED : SUCCESS;
}
