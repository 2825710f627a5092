/**
 * dx [N,K] = dy' wT, with dy' = dy [N,M] or, where the layer ends in GELU, dy * gelu'(pre); w [K,M]. Policy: dx is written (=).
 * The derivative is applied while dy is packed, so no dy' is stored.
 */
#include "gemm.h"

kernel linear_backward_input;

void linear_backward_input(const word *args, const extents *active, team *team) {
  int64_t k = args[4].i, m = args[5].i, dy_is_bf16 = args[6].i;
  product p = {
      .m = rows_of(active),
      .n = k,
      .k = m,
      .a = {args[0].p, dy_is_bf16 == 1, m, 1, args[1].p},
      .b = {args[2].p, 0, m, 1, NULL},
      .c = {.values = args[3].p},
  };
  gemm(&p, team);
}
