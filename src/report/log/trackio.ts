/**
 * @file A run for trackio (github.com/gradio-app/trackio): its inbox, from which its dashboard imports JSON lines. Each process
 * writes into a folder of its own, files that appear whole. A record is imported once whatever files it comes in, by its
 * `log_id`; so a run that goes on tells all of its history again, and nothing is missing or stands twice.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { xdgCacheHome } from '../../support/home.ts';
import type { Moment, RunLogger } from './run-logger.ts';

/** What the lines of a run have in common. */
export interface TrackioRun {
  /** A run is shown beside others of its project. */
  readonly project: string;
  readonly name: string;
  /** Another for each run, however it is called. */
  readonly id: string;
  /** The settings, for a person. */
  readonly config: object;
}

const VERSION = 1;
const DEFAULT_PROJECT = 'minillm';
/** The least time between two files: a step may take a millisecond. */
const FLUSH_MILLISECONDS = 10_000;

/**
 * `$TRACKIO_DIR/inbox`; by default in the folder of the Hugging Face hub.
 * @throws UserError for a user without a home folder.
 */
export function trackioInbox(): string {
  const { TRACKIO_DIR, HF_HOME } = process.env;
  const cache = xdgCacheHome();
  const home = HF_HOME || (cache && join(cache, 'huggingface'));
  const folder = TRACKIO_DIR || (home && join(home, 'trackio'));
  if (!folder) throw new UserError('trackio: this user has no home folder; let TRACKIO_DIR name one');
  return join(folder, 'inbox');
}

/** The project of `TRACKIO_PROJECT`. */
export function trackioProject(): string {
  return process.env.TRACKIO_PROJECT || DEFAULT_PROJECT;
}

export class TrackioLogger implements RunLogger {
  readonly #folder: string;
  readonly #run: TrackioRun;
  #lines: string[] = [];
  #files = 0;
  #flushed = Number.NEGATIVE_INFINITY;
  /** Goes with the first record. */
  #config: object | null;

  constructor(inbox: string, run: TrackioRun) {
    this.#folder = join(inbox, randomBytes(8).toString('hex'));
    this.#run = run;
    this.#config = run.config;
  }

  logMetrics(moment: Moment, metrics: Readonly<Record<string, number>>): void {
    this.#record(moment, metrics);
  }

  logText(moment: Moment, tag: string, text: string): void {
    this.#record(moment, { [tag]: { _type: 'trackio.markdown', _value: text.replace(/^/gm, '    ') } });
  }

  close(): void {
    this.#flush();
  }

  #record({ step, time }: Moment, metrics: Readonly<Record<string, unknown>>): void {
    const { project, name, id } = this.#run;
    const record = {
      v: VERSION,
      kind: 'metric',
      project,
      run: name,
      run_id: id,
      metrics,
      step,
      timestamp: new Date(1000 * time).toISOString(),
      config: this.#config,
      log_id: logId(id, step, Object.keys(metrics)),
    };
    this.#config = null;
    this.#lines.push(`${JSON.stringify(record)}\n`);
    if (performance.now() - this.#flushed >= FLUSH_MILLISECONDS) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const path = join(this.#folder, `${String(this.#files).padStart(8, '0')}.jsonl`);
    const text = this.#lines.join('');
    try {
      this.#write(path, text);
    } catch (cause) {
      // the dashboard removes the folder when it has read all of it
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
      this.#write(path, text);
    }
    this.#files++;
    this.#lines = [];
    this.#flushed = performance.now();
  }

  #write(path: string, text: string): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  }
}

/** The same for the same record of a run, whichever process writes it. */
function logId(id: string, step: number, tags: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([id, step, tags]))
    .digest('hex')
    .slice(0, 32);
}
