/** How much scratch memory the kernels of this library expect; the host asks before it makes a team. */
#include "scratch.h"

#include <stdint.h>

int64_t private_scratch_bytes(void);
int64_t shared_scratch_bytes(void);

int64_t private_scratch_bytes(void) { return PRIVATE_SCRATCH_BYTES; }
int64_t shared_scratch_bytes(void) { return SHARED_SCRATCH_BYTES; }
