/** @file The factor of an update on the GPU: a few numbers, one thread. */

import type { CudaOperation } from '../operation.ts';
import { launch } from './steps.ts';

export const clipFactor: CudaOperation = { steps: () => [launch('clip_factor', [1], 1)] };
