/**
 * One step of a Newton-Schulz iteration on each of some matrices: y = a x + b (x xT) x + c (x xT)^2 x, which maps every
 * singular value s to a s + b s^3 + c s^5. The products are of the smaller side: where x has more rows than columns,
 * y = a x + b x (xT x) + c x (xT x)^2. Policy: y is written (=).
 */
#include "gemm.h"

ARGUMENTS(newton_schulz_step, {
  const float *x;   /* [parts, rows, columns] */
  float *y;         /* [parts, rows, columns] */
  float *workspace; /* 2 side^2 + side, side = min(rows, columns) */
  int64_t parts;
  int64_t rows;
  int64_t columns;
  double a;
  double b;
  double c;
});

/** to = scale * from, rows shared out over the team. */
static void scale_rows(const float *from, float *to, int64_t rows, int64_t columns, float scale, const team *team) {
  for (int64_t row = team->thread; row < rows; row += team->threads)
    for (int64_t i = row * columns; i < (row + 1) * columns; i++) to[i] = scale * from[i];
}

static void multiply(const product *p, team *team) {
  gemm(p, team);
  end_phase(team, COMPUTING);
}

void newton_schulz_step(const newton_schulz_step_arguments *args, const extents *active, team *team) {
  (void)active;
  const int64_t rows = args->rows, columns = args->columns, side = min64(rows, columns), length = max64(rows, columns);
  const int is_tall = rows > columns;
  float *gram = args->workspace, *polynomial = gram + side * side, *scales = polynomial + side * side;
  if (team->thread == 0)
    for (int64_t i = 0; i < side; i++) scales[i] = (float)args->c;
  for (int64_t part = 0; part < args->parts; part++) {
    const float *x = args->x + part * rows * columns;
    float *y = args->y + part * rows * columns;
    const int64_t along_side = is_tall ? 1 : columns, along_length = is_tall ? columns : 1;
    const operand sides = {x, 0, along_side, along_length, NULL};
    multiply(&(product){.m = side, .n = side, .k = length, .a = sides, .b = sides, .c = {.sums = gram}}, team);
    scale_rows(gram, polynomial, side, side, (float)args->b, team);
    scale_rows(x, y, rows, columns, (float)args->a, team);
    const product square = {
        .m = side,
        .n = side,
        .k = side,
        .a = {gram, 0, side, 1, NULL},
        .b = {gram, 0, 1, side, NULL},
        .c = {.sums = polynomial, .accumulate = 1, .scales = scales},
    };
    multiply(&square, team);
    const operand factor = {polynomial, 0, is_tall ? 1 : side, is_tall ? side : 1, NULL};
    const product step = {
        .m = rows,
        .n = columns,
        .k = side,
        .a = is_tall ? (operand){x, 0, columns, 1, NULL} : factor,
        .b = is_tall ? factor : (operand){x, 0, 1, columns, NULL},
        .c = {.sums = y, .accumulate = 1},
    };
    multiply(&step, team);
  }
}
