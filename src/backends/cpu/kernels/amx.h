/**
 * Intel AMX: a core's eight tile registers of 16 rows by 64 bytes, and the innermost piece of a matrix product made of
 * them: 32 x 32 elements of C in four tiles, from two tiles of A and two of B at a time.
 *
 * A panel holds 32 lanes (rows of A, columns of B), padded with zeros, as a sequence of steps of 32 along k. A step is two
 * tiles, one for each 16 lanes. A unit is a pair of bf16 along k; a tile of A is [lane][unit], a tile of B [unit][lane].
 *
 * The instruction sums the 16 first and the 16 second halves of a step's units apart, then adds both to C: an element's
 * bits depend on its own row and column alone.
 */
#ifndef MINILLM_AMX_H
#define MINILLM_AMX_H

#include "simd.h"

#if HAS_TILES

#define PANEL_LANES 32
#define STEP_ITEMS 32 /* along k */
#define TILE_UNITS 256
#define STEP_UNITS (2 * TILE_UNITS) /* of a panel */
#define SQUARE (PANEL_LANES * PANEL_LANES)

/**
 * Shapes the tile registers, for this thread until it releases them: 0 to 3 for C and 4 and 5 for A with `rows` rows (1 to
 * 16), 6 and 7 for B with 16, all of 64 bytes.
 */
static inline void configure_tiles(int rows) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    configuration.row_bytes[i] = 64;
    configuration.rows[i] = (uint8_t)(i < 6 ? rows : 16);
  }
  __asm__ volatile("" : : "m"(configuration)); /* the intrinsic does not say that it reads all of it */
  _tile_loadconfig(&configuration);
}

/** c (32 x 32) = the product of two panels over `steps`, added to what c holds unless `first`. */
static __attribute__((noinline)) void multiply_panels(int64_t steps, const uint32_t *a, const uint32_t *b, float *c,
                                                      int first) {
  /* the compiler takes a load of a tile for a computation on addresses: memory must be written before, and read after */
  __asm__ volatile("" : : : "memory");
  if (first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, c, 4 * PANEL_LANES);
    _tile_loadd(1, c + 16, 4 * PANEL_LANES);
    _tile_loadd(2, c + SQUARE / 2, 4 * PANEL_LANES);
    _tile_loadd(3, c + SQUARE / 2 + 16, 4 * PANEL_LANES);
  }
  for (int64_t s = 0; s < steps; s++, a += STEP_UNITS, b += STEP_UNITS) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + TILE_UNITS, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a + TILE_UNITS, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, 4 * PANEL_LANES);
  _tile_stored(1, c + 16, 4 * PANEL_LANES);
  _tile_stored(2, c + SQUARE / 2, 4 * PANEL_LANES);
  _tile_stored(3, c + SQUARE / 2 + 16, 4 * PANEL_LANES);
  __asm__ volatile("" : : : "memory");
}

#endif
#endif
