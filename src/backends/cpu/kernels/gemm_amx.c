/**
 * The matrix product (gemm.h) with AMX's tiles.
 *
 * Tiles multiply so fast that panels must come from a core's own second-level cache. The factor with fewer lanes is packed
 * by the team in shared scratch. The other is divided into blocks of lanes; a thread claims a block, packs it in private
 * scratch, where it stays in that cache, and multiplies it with all shared panels, which pass by.
 *
 * A sum over k is split every K_SPAN elements and nowhere else, and added in the order of k, so an element of C has the
 * same bits whatever m, n and the number of threads.
 *
 * Measured on an Emerald Rapids core, 256 rows, forward, dX, dW of GPT-2 124M's layers: 480-775 GFLOP/s, of which packing is half
 * the time, and at 1024 rows 570-950; the same without tiles 61-81.
 */
#include "gemm.h"

#if HAS_TILES
#include "amx.h"
#include "gemm_amx_pack.h"
#include "scratch.h"

#define K_SPAN 3072
/* Private scratch: a block's panels, in half of a second-level cache of 2 MB, and a square of C. */
#define BLOCK_UNITS ((int64_t)(1 << 20) / 4)
/* Shared scratch: panels, and sums that wait for the next piece of k. */
#define SHARED_UNITS ((int64_t)(22 << 20) / 4)
#define WAITING_SUMS ((int64_t)(10 << 20) / 4)
#define BLOCKS_PER_THREAD 4
_Static_assert((SHARED_UNITS + WAITING_SUMS) * 4 <= SHARED_SCRATCH_BYTES, "shared scratch");
_Static_assert((BLOCK_UNITS + SQUARE) * 4 <= PRIVATE_SCRATCH_BYTES, "private scratch");

/** A piece of a product: k [k, k + depth), and lanes of the divided and of the shared factor. */
typedef struct {
  const product *p;
  int divides_a;
  int64_t k, depth, steps;
  int64_t divided_start, divided_size, block; /* lanes of a block */
  int64_t shared_start, shared_size, group;   /* lanes that are multiplied with a block as one item of work */
  uint32_t *panels;                           /* of the shared factor */
  float *waiting;                             /* squares of sums, or null */
  int first, last;                            /* of the pieces of k */
} piece;

static void pack_lanes(const product *p, int of_a, int64_t lane, int64_t lanes, int64_t k, int64_t depth, uint32_t *out) {
  if (of_a) pack_panels(&p->a, 1, lane, lanes, k, depth, out);
  else pack_panels(&p->b, 0, lane, lanes, k, depth, out);
}

static void pack_shared(const piece *of, team *team) {
  const int64_t panels = blocks_in(of->shared_size, PANEL_LANES);
  for (int64_t panel; (panel = team_claim(team, PACKING)) < panels;)
    pack_lanes(of->p, !of->divides_a, of->shared_start + panel * PANEL_LANES,
               min64(PANEL_LANES, of->shared_size - panel * PANEL_LANES), of->k, of->depth,
               of->panels + panel * of->steps * STEP_UNITS);
}

/** Fetches a square of sums that will be added to. */
static inline void prefetch_square(const destination *c, int64_t n, int64_t row, int64_t column, int64_t rows) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < PANEL_LANES; j += 16) __builtin_prefetch(c->sums + (row + r) * n + column + j, 1);
}

static void multiply_square(const piece *of, const uint32_t *divided, const uint32_t *shared, int64_t divided_lane,
                            int64_t shared_lane, float *square) {
  const product *p = of->p;
  const int64_t row = of->divides_a ? divided_lane : shared_lane, column = of->divides_a ? shared_lane : divided_lane;
  const int64_t rows = min64(PANEL_LANES, p->m - row), columns = min64(PANEL_LANES, p->n - column);
  if (of->waiting) {
    const int64_t across = blocks_in(of->shared_size, PANEL_LANES);
    square = of->waiting + ((divided_lane - of->divided_start) / PANEL_LANES * across +
                            (shared_lane - of->shared_start) / PANEL_LANES) * SQUARE;
  }
  if (p->c.accumulate) prefetch_square(&p->c, p->n, row, column, rows);
  multiply_panels(of->steps, of->divides_a ? divided : shared, of->divides_a ? shared : divided, square,
                  !of->waiting || of->first);
  if (of->waiting && !of->last) return;
  for (int64_t r = 0; r < rows; r++) write_row(&p->c, (row + r) * p->n, column, square + r * PANEL_LANES, columns);
}

/** db[lanes of B from `column`] += the sums over k of panels of B. */
static void add_column_sums(const piece *of, const uint32_t *panels, int64_t column, int64_t columns) {
  const __m512bh ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  for (int64_t j = 0; j < columns; j += 16) {
    const uint32_t *tile = panels + j / PANEL_LANES * of->steps * STEP_UNITS + j % PANEL_LANES / 16 * TILE_UNITS;
    __m512 sum = _mm512_setzero_ps();
    for (int64_t s = 0; s < of->steps; s++, tile += STEP_UNITS)
      for (int i = 0; i < 16; i++) sum = _mm512_dpbf16_ps(sum, ones, (__m512bh)_mm512_load_si512(tile + 16 * i));
    const __mmask16 mask = (__mmask16)first_of(columns - j, 16);
    float *to = of->p->column_sums + column + j;
    _mm512_mask_storeu_ps(to, mask, _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), sum));
  }
}

/** Multiplies claimed blocks of the divided factor with groups of the shared panels. */
static void multiply_blocks(const piece *of, team *team) {
  uint32_t *panels = team->scratch;
  float *square = (float *)(panels + BLOCK_UNITS);
  const int64_t panel_units = of->steps * STEP_UNITS, groups = blocks_in(of->shared_size, of->group);
  const int64_t items = blocks_in(of->divided_size, of->block) * groups;
  const int sums_columns = of->p->column_sums != NULL;
  int64_t packed = -1;
  for (int64_t item; (item = team_claim(team, COMPUTING)) < items + (sums_columns && of->divides_a);) {
    if (item == items) {
      if (of->divided_start == 0) add_column_sums(of, of->panels, of->shared_start, of->shared_size);
      continue;
    }
    const int64_t at = item / groups * of->block, lanes = min64(of->block, of->divided_size - at);
    if (packed != at) pack_lanes(of->p, of->divides_a, of->divided_start + at, lanes, of->k, of->depth, panels);
    packed = at;
    const int64_t from = item % groups * of->group, end = min64(from + of->group, of->shared_size);
    if (sums_columns && !of->divides_a && of->shared_start == 0 && from == 0)
      add_column_sums(of, panels, of->divided_start + at, lanes);
    for (int64_t s = from; s < end; s += PANEL_LANES)
      for (int64_t d = 0; d < lanes; d += PANEL_LANES)
        multiply_square(of, panels + d / PANEL_LANES * panel_units, of->panels + s / PANEL_LANES * panel_units,
                        of->divided_start + at + d, of->shared_start + s, square);
  }
}

static inline int64_t whole_panels(int64_t lanes) { return max64(1, lanes / PANEL_LANES) * PANEL_LANES; }

void gemm(const product *p, team *team) {
  const int divides_a = p->m > p->n;
  const int64_t divided = divides_a ? p->m : p->n, shared = divides_a ? p->n : p->m;
  const int64_t panel_units = blocks_in(min64(p->k, K_SPAN), STEP_ITEMS) * STEP_UNITS;
  const int waits = p->k > K_SPAN && !p->c.accumulate;

  const int64_t shared_span = min64(shared, whole_panels(SHARED_UNITS / panel_units * PANEL_LANES));
  const int64_t across = blocks_in(shared_span, PANEL_LANES) * PANEL_LANES;
  const int64_t divided_span = waits ? min64(divided, whole_panels(WAITING_SUMS / across)) : divided;
  const int64_t wanted = BLOCKS_PER_THREAD * team->threads, fitting = BLOCK_UNITS / panel_units * PANEL_LANES;
  const int64_t block = min64(fitting, blocks_in(blocks_in(divided_span, wanted), PANEL_LANES) * PANEL_LANES);
  const int64_t groups = blocks_in(wanted / 2, blocks_in(divided_span, block));
  const int64_t group = blocks_in(blocks_in(shared_span, groups), PANEL_LANES) * PANEL_LANES;

  uint32_t *panels = team->shared->scratch;
  configure_tiles(16);
  int64_t pieces = 0;
  for (int64_t s = 0; s < shared; s += shared_span)
    for (int64_t d = 0; d < divided; d += divided_span)
      for (int64_t k = 0; k < p->k; k += K_SPAN, pieces++) {
        if (pieces > 0) end_phase(team, COMPUTING);
        const int64_t depth = min64(K_SPAN, p->k - k);
        const piece of = {
            .p = p, .divides_a = divides_a,
            .k = k, .depth = depth, .steps = blocks_in(depth, STEP_ITEMS),
            .divided_start = d, .divided_size = min64(divided_span, divided - d), .block = block,
            .shared_start = s, .shared_size = min64(shared_span, shared - s), .group = group,
            .panels = panels, .waiting = waits ? (float *)(panels + SHARED_UNITS) : NULL,
            .first = k == 0, .last = k + depth == p->k,
        };
        if (d == 0 || p->k > K_SPAN) pack_shared(&of, team);
        end_phase(team, PACKING);
        multiply_blocks(&of, team);
      }
  _tile_release();
}

#endif
