/** Host memory by address, and what this processor can do: the little that JavaScript cannot ask for itself. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

/** Zeroed pages, in large pages where the system has them; 0 when it refuses. */
EXPORT int64_t host_allocate(int64_t bytes) {
  void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  if (bytes >= 1 << 22) madvise(memory, (size_t)bytes, MADV_HUGEPAGE);
#endif
  return (int64_t)(intptr_t)memory;
}

EXPORT void host_free(int64_t address, int64_t bytes) { munmap((void *)(intptr_t)address, (size_t)bytes); }

EXPORT void host_write(int64_t address, const void *source, int64_t bytes) {
  memcpy((void *)(intptr_t)address, source, (size_t)bytes);
}

EXPORT void host_read(int64_t address, void *target, int64_t bytes) {
  memcpy(target, (const void *)(intptr_t)address, (size_t)bytes);
}

/** The best instruction-set variant of this processor: 0 portable, 1 AVX2, 2 AVX-512, 3 AVX-512 with bf16, 4 NEON. */
EXPORT int32_t host_variant(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq"))
    return 1;
  return __builtin_cpu_supports("avx512bf16") ? 3 : 2;
#elif defined(__aarch64__)
  return 4;
#else
  return 0;
#endif
}
