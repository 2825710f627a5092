/**
 * dw [K,M] += xT dy' and db [M] += the column sums of dy', with dy' = dy [N,M] or, where the layer ends in GELU,
 * dy * gelu'(pre); x [N,K]. Policy: both are added to (+=). The column sums are taken from the packed panels of dy', which are
 * at hand, instead of reading dy and forming the derivative again.
 */
#include "gemm.h"

kernel linear_backward_weight;

void linear_backward_weight(const word *args, const extents *active, team *team) {
  int64_t k = args[5].i, m = args[6].i, dy_is_bf16 = args[7].i;
  product p = {
      .m = k,
      .n = m,
      .k = rows_of(active),
      .a = {args[0].p, sizeof(act) == 2, 1, k, NULL},
      .b = {args[1].p, dy_is_bf16 == 1, 1, m, args[2].p},
      .c = {.sums = args[3].p, .accumulate = 1},
      .column_sums = args[4].p,
  };
  gemm(&p, team);
}
