/** @file `metrics.jsonl` of a run folder: one line per step, evaluation or sample; lines are only ever appended. */

import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { UserError } from '../support/errors.ts';
import { fileError, move, writeFileAtomic } from '../support/files.ts';
import { parseJson } from '../support/json.ts';
import { streamRegularFile } from '../support/regular-file.ts';
import { isBefore, lineSchema, type Metrics } from './metric-lines.ts';

export type { EvalMetrics, Metrics, SampleMetrics, TrainMetrics } from './metric-lines.ts';

/** The metrics file of a run folder. */
export function metricsPath(runFolder: string): string {
  return join(runFolder, 'metrics.jsonl');
}

/**
 * Parses one line of the file.
 * @param where names the line in errors.
 * @throws UserError when it is damaged.
 */
export function parseMetricsLine(line: string, where: string): Metrics {
  return parseJson(lineSchema, line, where);
}

/**
 * What a run has written so far, line by line; a run without the file has written nothing. A last line that was torn by a
 * crash, or that is just being written, is skipped.
 * @throws UserError when the file cannot be read or another line is damaged.
 */
export async function* streamMetrics(runFolder: string): AsyncGenerator<Metrics> {
  const path = metricsPath(runFolder);
  /** A damaged line, which may turn out to be the last. */
  let damage: UserError | undefined;
  let number = 0;
  for await (const lines of textLines(path))
    for (const line of lines) {
      number++;
      if (line === '') continue;
      if (damage) throw damage;
      try {
        yield parseMetricsLine(line, `${path}: line ${number}`);
      } catch (cause) {
        if (!(cause instanceof UserError)) throw cause;
        damage = cause;
      }
    }
}

/** The lines of a file, some at a time; none of a file that is not there. */
async function* textLines(path: string): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const bytes of streamRegularFile(path)) {
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      yield lines;
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw fileError(path, 'read it', cause);
  }
  yield [rest + decoder.end()];
}

/** All of `streamMetrics`. */
export async function readMetrics(runFolder: string): Promise<Metrics[]> {
  const metrics: Metrics[] = [];
  for await (const line of streamMetrics(runFolder)) metrics.push(line);
  return metrics;
}

/** The open metrics file of the one process that trains the run. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: number;

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a');
  }

  /**
   * Opens the file for a run that resumes at `nextStep` (0 for a new run). What an earlier process wrote about that step
   * and later ones is dropped, and a torn last line repaired, so that no step appears twice. Evaluations and samples of
   * `nextStep` itself stay: they may have been made after the checkpoint from which the run resumes. What a run without a
   * checkpoint has written is kept as `metrics.jsonl.old` when it starts over.
   * @throws UserError when the system refuses or a line other than the last is damaged.
   */
  static async open(runFolder: string, nextStep: number): Promise<MetricsLog> {
    const path = metricsPath(runFolder);
    // a run that starts over evaluates its untrained network again
    let kept = '';
    let hasTrained = false;
    for await (const line of streamMetrics(runFolder)) {
      hasTrained ||= line.kind === 'train';
      if (nextStep > 0 && isBefore(line, nextStep)) kept += render(line);
    }
    if (nextStep === 0 && hasTrained) await move(path, `${path}.old`);
    await writeFileAtomic(path, kept);
    return new MetricsLog(path);
  }

  /** Appends a line, which other processes see at once. Evaluations are flushed to disk as well. */
  append(line: Metrics): void {
    try {
      appendFileSync(this.#file, render(line));
      if (line.kind === 'eval') fsyncSync(this.#file);
    } catch (cause) {
      throw fileError(this.#path, 'write it', cause);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function render(line: Metrics): string {
  return `${JSON.stringify(line)}\n`;
}
