/** What the host asks a kernel library before it makes a team for it: how much scratch the kernels expect. */
#include "scratch.h"

#include <stdint.h>

int64_t private_scratch_bytes(void);
int64_t shared_scratch_bytes(void);

int64_t private_scratch_bytes(void) { return PRIVATE_SCRATCH_BYTES; }
int64_t shared_scratch_bytes(void) { return SHARED_SCRATCH_BYTES; }
