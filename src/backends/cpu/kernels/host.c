/** Host memory by address, and what this processor can do: the little that JavaScript cannot ask for itself. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Linux gives a process the tile registers of AMX when it asks; without this header the compiler does not know them. */
#if defined(__x86_64__) && defined(__linux__) && defined(__has_include)
#if __has_include(<amxbf16intrin.h>)
#define KNOWS_AMX 1
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

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

#if KNOWS_AMX
#define REQUEST_PERMISSION 0x1023 /* ARCH_REQ_XCOMP_PERM: of the process, for a part of the extended state */
#define TILE_DATA 18
#define AMX_BF16 (1u << 22)
#define AMX_TILE (1u << 24)

/** Whether the processor multiplies tiles of bf16 and the system lets this process. */
static int grants_amx(void) {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 0;
  return (edx & AMX_BF16) && (edx & AMX_TILE) && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#elif defined(__x86_64__)
static int grants_amx(void) { return 0; }
#endif

/** The best instruction-set variant of this processor: 0 portable, 1 AVX2, 2 AVX-512, 3 with bf16, 4 and AMX, 5 NEON. */
EXPORT int32_t host_variant(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq"))
    return 1;
  if (!__builtin_cpu_supports("avx512bf16")) return 2;
  return grants_amx() ? 4 : 3;
#elif defined(__aarch64__)
  return 5;
#else
  return 0;
#endif
}
