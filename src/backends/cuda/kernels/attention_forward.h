/**
 * Causal attention of one block of queries with an online softmax (Milakov & Gimelshein 2018; Dao 2023,
 * FlashAttention-2): scores of a block of keys are made, turned into weights and used where they are; the T×T matrix
 * never exists. `attend_block<WIDTH, ROWS>` attends ROWS query rows of a head from `first` on; WIDTH is the head size
 * rounded up.
 */
#pragma once
#ifdef ACT_BF16
#include "attention_forward_bf16.h"
#else
#include "attention_forward_fp32.h"
#endif
