/**
 * norm = sqrt(squared norm); factor = min(1, clip / (norm + 1e-6)), clip 0: 1; -1, for no update, unless norm and loss
 * are at most their limits (NaN never is).
 */
#include "kernel.h"

ARGUMENTS(clip_factor, {
  const double *squared_norm; /* [1] */
  const float *statistics;    /* the loss first */
  const float *norm_limit;    /* [1] */
  const float *loss_limit;    /* [1] */
  float *norm;                /* [1] */
  float *factor;              /* [1] */
  double gradient_clip;       /* 0: no clipping */
});

KERNEL(clip_factor)(const clip_factor_arguments args, const extents active) {
  const float loss = *args.statistics, norm = (float)sqrt(*args.squared_norm);
  const bool is_usable = norm <= *args.norm_limit && loss <= *args.loss_limit;
  const double clip = args.gradient_clip;
  *args.norm = norm;
  *args.factor = !is_usable ? -1 : clip > 0 ? (float)fmin(1.0, clip / ((double)norm + 1e-6)) : 1;
}
