/** @file The checkpoints that flags name, all opened before any long work begins. */

import type { Weights } from '../../generate/initial-weights.ts';
import { openWeights } from '../../generate/weights.ts';
import { isHubModel } from '../../hub/model-name.ts';
import { Progress } from '../terminal/progress.ts';
import { localCheckpoint } from './checkpoint.ts';

/**
 * Opens checkpoints, those on this disk before any is downloaded. A model of the hub goes by the name that was typed,
 * others by where they were found. Returns them in the order of `names`; close each.
 * @param check throws if a checkpoint is of no use
 * @throws UserError when there is no such checkpoint; whatever `check` throws
 */
export async function openCheckpoints(
  names: readonly string[],
  check: (weights: Weights) => void,
): Promise<readonly Weights[]> {
  const opened = new Map<number, Weights>();
  const places = [...names.keys()];
  const isRemote = (place: number): boolean => isHubModel(names[place] ?? '');
  try {
    for (const place of [...places.filter((at) => !isRemote(at)), ...places.filter(isRemote)]) {
      const name = names[place] ?? '';
      const folder = await localCheckpoint(name, new Progress());
      const weights = await openWeights(folder, isRemote(place) ? name : undefined);
      opened.set(place, weights);
      check(weights);
    }
  } catch (cause) {
    await closeAll([...opened.values()]);
    throw cause;
  }
  return places.flatMap((place) => opened.get(place) ?? []);
}

/** Closes what `openCheckpoints` opened. */
export async function closeAll(checkpoints: readonly Weights[]): Promise<void> {
  for (const weights of checkpoints) await weights.close();
}
