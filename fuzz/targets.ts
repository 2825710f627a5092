/** @file Everything that is fuzzed. A target is the module of its name in `targets/`. */

import { target as safetensors } from './targets/safetensors.ts';
import type { Target } from './target.ts';

export const TARGETS: readonly Target[] = [safetensors];

/** Where a worker finds a target. */
export function moduleOf(name: string): string {
  return new URL(`./targets/${name}.js`, import.meta.url).href;
}
