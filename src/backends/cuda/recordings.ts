/**
 * @file A program for each pair of extents that it was run with. Its first run puts every launch on the stream; the second is captured as
 * a graph, which later ones launch as one.
 */

import type { Plan } from '../../engine/plan.ts';
import { type Builder, buildWork, type Work } from './launches.ts';
import type { Extents } from './operation.ts';

/** Extents that are kept at once; the ones used longest ago make room. */
const MAX_KEPT = 64;

export class Recordings {
  readonly #plan: Plan;
  readonly #builder: Builder;
  readonly #kept = new Map<string, Recording>();

  constructor(plan: Plan, builder: Builder) {
    this.#plan = plan;
    this.#builder = builder;
  }

  of(active: Extents): Recording {
    const key = `${active.batch}×${active.length}`;
    const recording = this.#kept.get(key) ?? this.#record(active);
    this.#kept.delete(key);
    this.#kept.set(key, recording);
    if (this.#kept.size > MAX_KEPT) {
      const [oldest = '', first] = this.#kept.entries().next().value ?? [];
      first?.close();
      this.#kept.delete(oldest);
    }
    return recording;
  }

  /** Loads modules, and may make libraries load their own. */
  #record(active: Extents): Recording {
    const noted = this.#builder.device.note();
    const works = buildWork(this.#plan, active, this.#builder);
    noted();
    return new Recording(works, this.#builder);
  }

  close(): void {
    for (const recording of this.#kept.values()) recording.close();
    this.#kept.clear();
  }
}

export class Recording {
  readonly #works: readonly Work[];
  readonly #builder: Builder;
  #runs = 0;
  #graph: number | undefined;
  #events: number[] = [];
  /** How long the shortest run has taken; 0 before the first. */
  seconds = 0;

  constructor(works: readonly Work[], builder: Builder) {
    this.#works = works;
    this.#builder = builder;
  }

  /** Puts one run on the stream. */
  run(): void {
    const { driver, stream, note } = this.#builder.device;
    if (this.#runs++ === 0) {
      // functions, and the kernels of libraries, are loaded by their first launch
      const noted = note();
      for (const work of this.#works) work();
      noted();
      return;
    }
    this.#graph ??= this.#capture();
    driver.launchGraph(this.#graph, stream);
  }

  #capture(): number {
    const { driver, stream, note } = this.#builder.device;
    const noted = note();
    driver.beginCapture(stream);
    let isComplete = false;
    try {
      for (const work of this.#works) work();
      isComplete = true;
    } finally {
      // what failed half-way is thrown away
      if (!isComplete) endQuietly(() => driver.endCapture(stream));
    }
    const graph = driver.endCapture(stream);
    noted();
    return graph;
  }

  /** The same, with the time of each node taken. */
  runTimed(): void {
    const { driver, stream } = this.#builder.device;
    while (this.#events.length <= this.#works.length) this.#events.push(driver.createEvent({ timing: true }));
    driver.record(this.#events[0] ?? 0, stream);
    this.#works.forEach((work, index) => {
      work();
      driver.record(this.#events[index + 1] ?? 0, stream);
    });
  }

  /** Adds what the nodes of the last timed run, which has ended, took. */
  addSeconds(seconds: Float64Array): void {
    const { driver } = this.#builder.device;
    for (let i = 0; i < seconds.length; i++)
      seconds[i]! += driver.milliseconds(this.#events[i] ?? 0, this.#events[i + 1] ?? 0) / 1000;
  }

  close(): void {
    const { driver, note } = this.#builder.device;
    const noted = note();
    if (this.#graph !== undefined) driver.destroyGraph(this.#graph);
    noted();
    for (const event of this.#events) driver.destroyEvent(event);
  }
}

function endQuietly(end: () => unknown): void {
  try {
    end();
  } catch {
    // the first failure is the one to tell
  }
}
