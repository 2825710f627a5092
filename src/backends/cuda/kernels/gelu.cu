/** y = gelu(pre), element by element; recomputed in the backward pass where the plan did not keep y. */
#include "gelu.h"

ARGUMENTS(gelu, {
  const act *preactivation; /* [N, C] */
  act *y;                   /* [N, C] */
  int64_t channels;         /* C */
});

KERNEL(gelu)(const gelu_arguments args, const extents active) {
  apply_gelu(args.preactivation, args.y, rows_of(active) * args.channels);
}
