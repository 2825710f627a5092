/** @file What is known of the runs besides their measurements. */

import { trainerOf } from '../../../runs/lock.ts';
import { exists } from '../../../support/files.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { encodeEvent } from './encode-event.ts';
import { recordedInformation } from './run-information.ts';

/** How often the folders are read. */
const LOOK_MILLISECONDS = 5_000;

export interface DashboardRuns {
  readonly folders: readonly string[];
  /** What the trainer of a run says about it, by folder; for other runs the folder is read. */
  readonly information: ReadonlyMap<string, RunInformation>;
  /** Whether pages may be read by others than the machine's own users: they learn what files are called, not where they are. */
  readonly hidesPaths?: boolean;
}

/** Gathers what pages are sent about the runs. */
export class Informant {
  readonly #runs: DashboardRuns;
  #recorded: readonly RunInformation[] = [];
  #nextLook = 0;
  #event: Buffer | undefined;

  constructor(runs: DashboardRuns) {
    this.#runs = runs;
  }

  /** The event with it, a new one whenever something has changed; undefined before the first look. */
  get event(): Buffer | undefined {
    return this.#event;
  }

  async look(): Promise<void> {
    const { folders, information } = this.#runs;
    if (performance.now() >= this.#nextLook) {
      this.#recorded = await Promise.all(folders.map((folder, run) => this.#read(folder, run)));
      this.#nextLook = performance.now() + LOOK_MILLISECONDS;
    }
    const runs = folders.flatMap((folder, run) => {
      const known = information.get(folder) ?? this.#recorded[run];
      return known ? [{ ...known, isTraining: isTrained(folder) }] : [];
    });
    const event = encodeEvent('runs', runs);
    if (!this.#event?.equals(event)) this.#event = event;
  }

  /** What a folder records of its run; for a folder that is gone, what it recorded before. */
  async #read(folder: string, run: number): Promise<RunInformation> {
    const known = this.#recorded[run];
    return known && !(await exists(folder)) ? known : recordedInformation(folder, this.#runs.hidesPaths);
  }
}

/** Whether a process is training the run; false if that cannot be read, which the follower of its metrics reports. */
function isTrained(folder: string): boolean {
  try {
    return trainerOf(folder) !== undefined;
  } catch {
    return false;
  }
}
