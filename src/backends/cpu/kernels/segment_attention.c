/**
 * Attention of segments packed into one row: out = softmax(q·kᵀ/√D)·v for every head, where a position sees the prefix of
 * its segment (a stretch of the row) and its own segment up to itself, and nothing else. For evaluation: several
 * continuations of one context, which is computed once.
 *
 * Keys are taken in blocks that are counted from the start of the prefix, so a segment's bits depend neither on where it
 * lies nor on what lies beside it. Work is claimed by (segment, head, block of queries), the longest blocks first.
 */
#include "attention_forward.h"

/** Rows of the whole: where a segment and its prefix begin, and how many rows each has. */
typedef struct {
  int32_t first, rows, prefix_first, prefix_rows;
} segment;

ARGUMENTS(segment_attention, {
  const act *qkv;          /* [N, 3C], as for attention */
  const segment *segments; /* [S], ended by the first without rows */
  act *out;                /* [N, C] */
  int64_t heads;           /* H */
  int64_t head_size;       /* D */
  int64_t max_segments;    /* S */
});

void segment_attention(const segment_attention_arguments *args, const extents *active, team *team) {
  const act *qkv = args->qkv;
  const segment *segments = args->segments;
  act *out = args->out;
  const int64_t H = args->heads, D = args->head_size, most = args->max_segments, C = H * D;
  int64_t count = 0;
  while (count < most && segments[count].rows > 0) count++;
  const int64_t heads = count * H, blocks = (rows_of(active) + QUERIES - 1) / QUERIES;
  for (int64_t item; (item = team_claim(team, 0)) < blocks * heads;) {
    const segment *own = &segments[item % heads / H];
    const int64_t start = (blocks - 1 - item / heads) * QUERIES, h = item % H;
    if (start >= own->rows) continue;
    const act *k = qkv + own->prefix_first * 3 * C + C + h * D;
    const attention_head head = {.q = qkv + own->first * 3 * C + h * D, .k = k, .v = k + C, .q_stride = 3 * C,
                                 .key_stride = 3 * C, .start = own->prefix_rows,
                                 .gap = own->first - own->prefix_first - own->prefix_rows, .D = D,
                                 .out = out + own->first * C + h * D, .out_stride = C};
    attend_block(&head, start, min64(QUERIES, own->rows - start), team->scratch);
  }
}
