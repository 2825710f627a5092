/** The widest float vectors of the instruction set compiled for. */
#ifndef MINILLM_BENCH_VECTORS_H
#define MINILLM_BENCH_VECTORS_H

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define LANES (VECTOR_BYTES / 4)

typedef float vector __attribute__((vector_size(VECTOR_BYTES), aligned(4)));

#define EXPORT __attribute__((visibility("default")))

#endif
