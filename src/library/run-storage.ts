/** @file What a browser keeps of a run, from which it goes on with the same bits. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import type { Metrics } from '../runs/metric-lines.ts';
import type { RunProgress } from '../train/run-store.ts';
import type { Settings } from '../train/settings.ts';

export interface SavedRun {
  /** Another number is a run of another version of the page, which cannot be used. */
  readonly formatVersion: 1;
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly progress: RunProgress;
  /** Parameters and optimizer's state, by their names in a checkpoint. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly metrics: readonly Metrics[];
}

/** Keeps one run, the newest, whole or not at all. Each may be refused: the quota is used up, the visitor is private, another tab has it. */
export interface RunStorage {
  /** `damaged` is what cannot be read any more, and may be replaced. */
  load(): Promise<SavedRun | 'damaged' | undefined>;
  save(run: SavedRun): Promise<void>;
  clear(): Promise<void>;
}
