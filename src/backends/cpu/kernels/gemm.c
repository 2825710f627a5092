/**
 * The matrix product behind every linear layer and the output head: C[m,n] = or += A[m,k] B[k,n].
 *
 * After Goto & van de Geijn (Anatomy of High-Performance Matrix Multiplication, 2008), with the packing shared: the team
 * packs A and B into panels in shared scratch, waits at a barrier, then claims blocks of C. Each block sums its tiles
 * over k in private scratch and writes them out once, through bias, GELU and conversion. One barrier serves a whole
 * product that fits in scratch; a larger one goes in pieces of m, n and k.
 *
 * A sum over k is split every DEPTH and every K_SPAN elements and nowhere else, and added in the order of k, so an element
 * of C has the same bits whatever m, n and the number of threads.
 *
 * Measured on a Zen 4 core, 1024 rows, 768 -> 2304: 97-106 GFLOP/s in fp32 and 190-205 in bf16, of 115 and 227. Tiles
 * of 8x48 and 12x32, depths of 192 to 768 and blocks of 128 and 256 rows lie within the noise; 8x48 divides every layer
 * width of GPT-2 124M.
 */
#include "gemm.h"

#if !HAS_TILES /* else gemm_amx.c */
#include "gemm_pack.h"
#include "scratch.h"

/* A block of C is claimed at a time: small enough for the ends of two threads to meet, and with its panels within 1 MB. */
#define BLOCK_ROWS 128
#define BLOCK_COLUMNS 192
#define BLOCK (BLOCK_ROWS * BLOCK_COLUMNS)
#define TILE (TILE_ROWS * TILE_COLUMNS)

/* Shared scratch: panels of A, panels of B, sums that wait for the next piece of k. */
#define K_SPAN (8 * DEPTH)
#define A_UNITS ((int64_t)(14 << 20) / 4)
#define B_UNITS ((int64_t)(14 << 20) / 4)
#define SUM_BLOCKS ((int64_t)(4 << 20) / 4 / BLOCK)
_Static_assert((A_UNITS + B_UNITS + SUM_BLOCKS * BLOCK) * 4 <= SHARED_SCRATCH_BYTES, "shared scratch");
_Static_assert(BLOCK * 4 + 4 * RUN * 4 <= PRIVATE_SCRATCH_BYTES, "private scratch");
_Static_assert(BLOCK_ROWS % TILE_ROWS == 0 && BLOCK_COLUMNS % TILE_COLUMNS == 0, "blocks are whole tiles");

/** How much of `total` is packed at once: all of it, or whole blocks, given room for `capacity`. */
static inline int64_t span_of(int64_t total, int64_t capacity, int64_t block) {
  return blocks_in(total, block) * block <= capacity ? total : max64(1, capacity / block) * block;
}

static inline void write_block(const product *p, int64_t row, int64_t column, int64_t rows, int64_t columns,
                               const float *tiles) {
  for (int64_t j = 0; j < columns; j += TILE_COLUMNS)
    for (int64_t i = 0; i < rows; i += TILE_ROWS, tiles += TILE)
      for (int64_t r = 0; r < min64(TILE_ROWS, rows - i); r++)
        write_row(&p->c, (row + i + r) * p->n, column + j, tiles + r * TILE_COLUMNS, min64(TILE_COLUMNS, columns - j));
}

/** A piece [start, start + size) of m or n, packed: panels of the whole piece for one depth after another. */
typedef struct {
  unit *panels;
  int64_t start, size, block, padded;
} piece;

static inline unit *panels_at(const piece *of, int64_t depth_start, int64_t steps, int64_t block) {
  return of->panels + depth_start / STEP * of->padded + block * of->block * steps;
}

static inline int64_t lanes_in(const piece *of, int64_t block) { return min64(of->block, of->size - block * of->block); }

/** Computes block (i, j) of the piece of C over k [0, depth), adding to `tiles` unless `first`. */
static void multiply_block(const piece *a, const piece *b, int64_t i, int64_t j, int64_t k_size, float *tiles, int first) {
  int64_t rows = lanes_in(a, i), columns = lanes_in(b, j);
  for (int64_t k = 0; k < k_size; k += DEPTH, first = 0) {
    int64_t steps = blocks_in(min64(DEPTH, k_size - k), STEP);
    float *tile = tiles;
    const unit *b_panel = panels_at(b, k, steps, j);
    for (int64_t column = 0; column < columns; column += TILE_COLUMNS, b_panel += TILE_COLUMNS * steps) {
      const unit *a_panel = panels_at(a, k, steps, i);
      for (int64_t row = 0; row < rows; row += TILE_ROWS, a_panel += TILE_ROWS * steps, tile += TILE)
        multiply_tile(steps, a_panel, b_panel, tile, first);
    }
  }
}

/** db[columns of block j] += the column sums of the packed piece of B. */
static void add_column_sums(const piece *b, int64_t j, int64_t k_size, float *db) {
  int64_t columns = lanes_in(b, j);
  for (int64_t column = 0; column < columns; column += TILE_COLUMNS) {
    float total[TILE_COLUMNS] = {0};
    for (int64_t k = 0; k < k_size; k += DEPTH) {
      int64_t steps = blocks_in(min64(DEPTH, k_size - k), STEP);
      sum_panel(steps, panels_at(b, k, steps, j) + column * steps, total);
    }
    for (int64_t t = 0; t < min64(TILE_COLUMNS, columns - column); t++) db[b->start + j * b->block + column + t] += total[t];
  }
}

/** Packs what changed, k [k, k + k_size) of pieces `a` and `b`; NULL for one that is packed already. */
static void pack_pieces(const product *p, const piece *a, const piece *b, int64_t k, int64_t k_size, team *team, item *buffer) {
  int64_t depths = blocks_in(k_size, DEPTH);
  int64_t a_items = a ? blocks_in(a->size, a->block) * depths : 0, b_items = b ? blocks_in(b->size, b->block) * depths : 0;
  for (int64_t claimed; (claimed = team_claim(team, PACKING)) < a_items + b_items;) {
    int of_a = claimed < a_items;
    const piece *of = of_a ? a : b;
    int64_t block = (of_a ? claimed : claimed - a_items) / depths, at = (of_a ? claimed : claimed - a_items) % depths * DEPTH;
    int64_t depth = min64(DEPTH, k_size - at), lane = of->start + block * of->block, lanes = lanes_in(of, block);
    unit *out = panels_at(of, at, blocks_in(depth, STEP), block);
    if (of_a)
      pack_block(&p->a, lane, lanes, k + at, depth, TILE_ROWS, out, buffer);
    else
      pack_block(&p->b, lane, lanes, k + at, depth, TILE_COLUMNS, out, buffer);
  }
}

void gemm(const product *p, team *team) {
  float *private_tiles = team->scratch;
  item *buffer = (item *)(private_tiles + BLOCK);
  unit *shared = team->shared->scratch;
  float *waiting = (float *)(shared + A_UNITS + B_UNITS);

  int64_t k_span = min64(p->k, K_SPAN), units = blocks_in(k_span, STEP);
  int waits = p->k > k_span && !p->c.accumulate;
  int64_t n_span = span_of(p->n, min64(B_UNITS / units, waits ? SUM_BLOCKS * BLOCK_COLUMNS : INT64_MAX), BLOCK_COLUMNS);
  int64_t n_blocks = blocks_in(n_span, BLOCK_COLUMNS);
  int64_t m_span = span_of(p->m, min64(A_UNITS / units, waits ? SUM_BLOCKS / n_blocks * BLOCK_ROWS : INT64_MAX), BLOCK_ROWS);

  int64_t pieces = 0;
  for (int64_t n = 0; n < p->n; n += n_span)
    for (int64_t m = 0; m < p->m; m += m_span)
      for (int64_t k = 0; k < p->k; k += k_span, pieces++) {
        if (pieces > 0) end_phase(team, COMPUTING);
        int64_t k_size = min64(k_span, p->k - k), m_size = min64(m_span, p->m - m), n_size = min64(n_span, p->n - n);
        piece a = {shared, m, m_size, BLOCK_ROWS, blocks_in(m_size, TILE_ROWS) * TILE_ROWS};
        piece b = {shared + A_UNITS, n, n_size, BLOCK_COLUMNS, blocks_in(n_size, TILE_COLUMNS) * TILE_COLUMNS};
        int keeps_a = pieces > 0 && m_span >= p->m && k_span >= p->k, keeps_b = m > 0 && k_span >= p->k;
        pack_pieces(p, keeps_a ? NULL : &a, keeps_b ? NULL : &b, k, k_size, team, buffer);
        end_phase(team, PACKING);

        int64_t row_blocks = blocks_in(m_size, BLOCK_ROWS), column_blocks = blocks_in(n_size, BLOCK_COLUMNS);
        int64_t blocks = row_blocks * column_blocks, items = blocks + (p->column_sums && m == 0 ? column_blocks : 0);
        for (int64_t block; (block = team_claim(team, COMPUTING)) < items;) {
          if (block >= blocks) {
            add_column_sums(&b, block - blocks, k_size, p->column_sums);
            continue;
          }
          int64_t i = block % row_blocks, j = block / row_blocks;
          float *tiles = waits ? waiting + block * BLOCK : private_tiles;
          multiply_block(&a, &b, i, j, k_size, tiles, !waits || k == 0);
          if (!waits || k + k_size == p->k)
            write_block(p, m + i * BLOCK_ROWS, n + j * BLOCK_COLUMNS, lanes_in(&a, i), lanes_in(&b, j), tiles);
        }
      }
}

#endif
