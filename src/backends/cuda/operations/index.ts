/** @file The operations that the CUDA backend runs, by name. */

import type { CudaOperation } from '../operation.ts';
import { adamw } from './adamw.ts';
import { add } from './add.ts';
import { attention } from './attention.ts';
import { attentionBackward } from './attention-backward.ts';
import { cachedAttention } from './cached-attention.ts';
import { clipFactor } from './clip-factor.ts';
import { crossEntropy, crossEntropyWithGradient } from './cross-entropy.ts';
import { embedding, embeddingBackward } from './embedding.ts';
import { logits, packedLinear, packedLogits } from './few-rows.ts';
import { frobeniusNormalise } from './frobenius-normalise.ts';
import { gelu } from './gelu.ts';
import { layerNorm, layerNormBackward } from './layer-norm.ts';
import { linear, linearBackwardInput, linearBackwardWeight } from './linear.ts';
import { linearBackwardBias } from './linear-backward-bias.ts';
import { logLikelihoods } from './log-likelihoods.ts';
import { cautiousUpdate, nesterovMomentum } from './matrix-rows.ts';
import { newtonSchulzStep } from './newton-schulz-step.ts';
import { packWeight } from './pack-weight.ts';
import { sample } from './sample.ts';
import { segmentAttention } from './segment-attention.ts';
import { squaredNorm } from './squared-norm.ts';
import { addToStatistic, takeStatistics } from './statistics.ts';
import { sumLosses } from './sum-losses.ts';

export const OPERATIONS: Readonly<Record<string, CudaOperation>> = {
  adamw,
  add,
  add_to_statistic: addToStatistic,
  attention,
  attention_backward: attentionBackward,
  cached_attention: cachedAttention,
  cautious_update: cautiousUpdate,
  clip_factor: clipFactor,
  cross_entropy: crossEntropy,
  cross_entropy_with_gradient: crossEntropyWithGradient,
  embedding,
  embedding_backward: embeddingBackward,
  frobenius_normalise: frobeniusNormalise,
  gelu,
  layer_norm: layerNorm,
  layer_norm_backward: layerNormBackward,
  linear,
  linear_backward_bias: linearBackwardBias,
  linear_backward_input: linearBackwardInput,
  linear_backward_weight: linearBackwardWeight,
  log_likelihoods: logLikelihoods,
  logits,
  nesterov_momentum: nesterovMomentum,
  newton_schulz_step: newtonSchulzStep,
  pack_weight: packWeight,
  packed_linear: packedLinear,
  packed_logits: packedLogits,
  sample,
  segment_attention: segmentAttention,
  squared_norm: squaredNorm,
  sum_losses: sumLosses,
  take_statistics: takeStatistics,
};
