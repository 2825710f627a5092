/** @file Statistics on the GPU: a few numbers, one block. */

import type { CudaOperation } from '../operation.ts';
import { launch, WARP } from './steps.ts';

export const addToStatistic: CudaOperation = { steps: () => [launch('add_to_statistic', [1], 1)] };

export const takeStatistics: CudaOperation = { steps: () => [launch('take_statistics', [1], WARP)] };
