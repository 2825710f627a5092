/** The registers that the machine sets: where their lanes lie, at the start of a warp's registers. */
#pragma once
#include "program.h"

typedef enum {
  TID_X, TID_Y, TID_Z, NTID_X, NTID_Y, NTID_Z, CTAID_X, CTAID_Y, CTAID_Z, NCTAID_X, NCTAID_Y, NCTAID_Z,
  LANEID, WARPID, NWARPID, SMID, NSMID, LANEMASK_EQ, LANEMASK_LE, LANEMASK_LT, LANEMASK_GE, LANEMASK_GT,
  DYNAMIC_SMEM_SIZE, TOTAL_SMEM_SIZE, CLOCK, CLOCK_HI, CLUSTER_ID, CLUSTER_SIZE,
  /** These have 8 bytes a lane. */
  CLOCK64, GLOBALTIMER, GRIDID,
  SPECIAL_COUNT,
} special;

#define FIRST_WIDE CLOCK64
#define SPECIAL_SLOT(s) ((slot)((s) < FIRST_WIDE ? (s) * 128 : FIRST_WIDE * 128 + ((s) - FIRST_WIDE) * 256))
