/** What the ranks of a world share: a file of the machine's memory, in which each has a place. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MAX_RANKS 16
/** How much of a collective goes through a rank's place at once. */
#define PIECE_BYTES ((size_t)1 << 18)

/** A rank's part in the collective that is under way. */
typedef struct {
  int64_t pid;
  /** Whether it has left the world. */
  int64_t has_left;
  /** How many pieces it has put here, and how many it has got from all. */
  int64_t posted, taken;
  /** What it makes, so that ranks which make different things are noticed. */
  int64_t kind, type, root, count;
  uint8_t data[PIECE_BYTES];
  /** Whether somebody has written each byte of the data. */
  uint8_t written[PIECE_BYTES];
} place;

typedef struct {
  int64_t size, joined;
  place places[MAX_RANKS];
} shared_world;

typedef enum { MET, NOT_ALL_CAME, RANK_DIED, MISUSED, NO_FILE } meeting;

/** Joins the world of a name, and waits until all ranks have. */
meeting join_world(const char *name, int size, int rank, shared_world **result);
/** Whether a rank will do nothing more. */
int is_gone(const place *p);
void unmap_world(shared_world *w);
