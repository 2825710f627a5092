/**
 * @file A run for TensorBoard: event files, TFRecords of `Event` messages (tensorflow/core/util/event.proto and
 * framework/summary.proto), with scalars for the quantities and text for the samples.
 */

import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { bytesField, doubleField, floatField, integerField, message } from './protobuf.ts';
import { clock, type LoggedRun, logRun, type Moment, RunLog, type RunLogger } from './run-logger.ts';
import { tfRecord } from './tfrecord.ts';

/** TensorBoard knows event files by this part of their name, and reads those of a folder in the order of their names. */
const EVENT_FILE = /^events\.out\.tfevents\.(\d{10})\./;

/** The file of a finished run. */
export const FINISHED_EVENT_FILE = 'events.out.tfevents.0000000000.minillm';

const DT_STRING = 7;
const SESSION_START = 1;

/** The records of an event file, in order. */
class EventWriter implements RunLogger {
  readonly #write: (record: Uint8Array) => void;

  /** @param time of the beginning */
  constructor(write: (record: Uint8Array) => void, time: number) {
    this.#write = write;
    this.#event(time, bytesField(3, 'brain.Event:2'));
  }

  /**
   * Says that a process starts. At every start but the first of a run TensorBoard forgets what it has of this step and of later
   * ones (event_accumulator.py).
   */
  start({ step, time }: Moment): void {
    this.#event(time, integerField(2, step), bytesField(7, integerField(1, SESSION_START)));
  }

  logMetrics({ step, time }: Moment, metrics: Readonly<Record<string, number>>): void {
    const values = Object.entries(metrics).map(([tag, value]) =>
      bytesField(1, message(bytesField(1, tag), floatField(2, value))),
    );
    this.#event(time, integerField(2, step), bytesField(5, message(...values)));
  }

  /** A string tensor with the mark of the text plugin, which renders Markdown: verbatim it is code. */
  logText({ step, time }: Moment, tag: string, text: string): void {
    const tensor = message(
      integerField(1, DT_STRING),
      bytesField(2, bytesField(2, integerField(1, 1))),
      bytesField(8, text.replace(/^/gm, '    ')),
    );
    const metadata = bytesField(1, bytesField(1, 'text'));
    const value = message(bytesField(1, tag), bytesField(8, tensor), bytesField(9, metadata));
    this.#event(time, integerField(2, step), bytesField(5, bytesField(1, value)));
  }

  close(): void {}

  #event(time: number, ...fields: readonly Uint8Array[]): void {
    this.#write(tfRecord(message(doubleField(1, time), ...fields)));
  }
}

/** The bytes of the event file of a run as it is, steps ascending. */
export function eventFile(run: LoggedRun): Uint8Array {
  const records: Uint8Array[] = [];
  const writer = new EventWriter((record) => records.push(record), clock(run)(0));
  logRun(run, new RunLog(writer));
  return Buffer.concat(records);
}

/** The event file that a process appends to while it trains; every record is in the file at once. */
export class TensorboardLogger extends EventWriter {
  readonly #file: number;
  /** Whether an earlier process has logged this run here. */
  readonly continues: boolean;

  private constructor(file: number, start: Moment, continues: boolean) {
    super((record) => writeWhole(file, record), start.time);
    this.#file = file;
    this.continues = continues;
    this.start(start);
  }

  /**
   * Begins a new file in a folder, which is made, for a run that starts or goes on at this step. Its name comes after those that
   * are there, whatever the clock of the machine that wrote them.
   */
  static open(folder: string, start: Moment): TensorboardLogger {
    mkdirSync(folder, { recursive: true });
    const earlier = readdirSync(folder).flatMap((name) => EVENT_FILE.exec(name)?.[1] ?? []);
    const seconds = Math.max(Math.floor(start.time), ...earlier.map((time) => Number(time) + 1));
    const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}.${process.pid}.0`;
    return new TensorboardLogger(openSync(join(folder, name), 'ax'), start, earlier.length > 0);
  }

  override close(): void {
    closeSync(this.#file);
  }
}

/** A disk that becomes full takes a part of a record before it says so. */
function writeWhole(file: number, record: Uint8Array): void {
  for (let written = 0; written < record.length; ) written += writeSync(file, record, written);
}
