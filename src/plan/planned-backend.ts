/** @file The hardware of a plan as the planner sees it: a null backend with its memory. */

import { cudaTarget } from '../backends/cuda/target.ts';
import { openNullBackend } from '../backends/null/backend.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Hardware } from './hardware.ts';

/** A null backend with the memory of this hardware. Programs are planned with a GPU's passes and scratch memory. */
export function backendOf({ memory }: Hardware): Backend {
  return openNullBackend(cudaTarget, memory);
}
