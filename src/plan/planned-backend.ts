/** @file The hardware of a plan as the planner sees it: a null backend with its memory. */

import { cpuTarget } from '../backends/cpu/target.ts';
import { openNullBackend } from '../backends/null/backend.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import type { Hardware } from './hardware.ts';

/** A null backend with the memory of this hardware. Programs are planned with the passes of the CPU's kernels. */
export function backendOf({ memory }: Hardware): Backend {
  return openNullBackend(cpuTarget, memory);
}
