/** @file What is known of the runs beside their measurements. */

import { trainerOf } from '../../../runs/lock.ts';
import { exists } from '../../../support/files.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { encodeEvent } from './encode-event.ts';
import { recordedInformation } from './run-information.ts';

/** How often the folders are asked what run they hold. */
const LOOK_MILLISECONDS = 5_000;

export interface DashboardRuns {
  readonly folders: readonly string[];
  /** What the trainer of a run says of it, by folder; of the others their folders are asked. */
  readonly information: ReadonlyMap<string, RunInformation>;
}

/** Knows what pages are told of the runs. */
export class Informant {
  readonly #runs: DashboardRuns;
  #recorded: readonly RunInformation[] = [];
  #nextLook = 0;
  #event: Buffer | undefined;

  constructor(runs: DashboardRuns) {
    this.#runs = runs;
  }

  /** The event that tells it, another one whenever something has changed; undefined before the first look. */
  get event(): Buffer | undefined {
    return this.#event;
  }

  async look(): Promise<void> {
    const { folders, information } = this.#runs;
    if (performance.now() >= this.#nextLook) {
      this.#recorded = await Promise.all(folders.map((folder, run) => this.#read(folder, run)));
      this.#nextLook = performance.now() + LOOK_MILLISECONDS;
    }
    const told = folders.flatMap((folder, run) => {
      const known = information.get(folder) ?? this.#recorded[run];
      return known ? [{ ...known, isTraining: isTrained(folder) }] : [];
    });
    const event = encodeEvent('runs', told);
    if (!this.#event?.equals(event)) this.#event = event;
  }

  /** What a folder says of its run; of one that is gone, what it said before. */
  async #read(folder: string, run: number): Promise<RunInformation> {
    const known = this.#recorded[run];
    return known && !(await exists(folder)) ? known : recordedInformation(folder);
  }
}

/** Whether a process trains the run; false where that cannot be seen, as its follower tells too. */
function isTrained(folder: string): boolean {
  try {
    return trainerOf(folder) !== undefined;
  } catch {
    return false;
  }
}
