/**
 * @file Reading `metrics.jsonl` while another process writes it. A position in the file is named by what stands before it,
 * not by when it was read: a reader that comes back after a restart of either side goes on where it stopped, and one whose
 * lines were rolled back is told to begin anew.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { type Metrics, metricsPath, parseMetricsLine } from './metrics.ts';

/** A place between two lines: the bytes before it and their CRC-32. */
export interface MetricsPosition {
  readonly bytes: number;
  readonly crc: number;
}

const LINE_FEED = 0x0a;
const START: MetricsPosition = { bytes: 0, crc: 0 };

/** More than a line of a step, whose timings no other line has. */
const TAIL_BYTES = 1024;

export interface MetricsChange {
  /** Whether `lines` stand in place of all that was told before. */
  readonly replaces: boolean;
  readonly lines: readonly Metrics[];
}

/** Follows the metrics of one run; asked now and then, it tells what is new. */
export class MetricsFollower {
  readonly #path: string;
  #position: MetricsPosition;
  /**
   * The file that was read last and the bytes before the position: the trainer adds to a file or puts another in its place,
   * which may get the same inode, and others may cut it off.
   */
  #seen: { readonly inode: number; readonly tail: Buffer } | undefined;
  #isFirst = true;

  /** @param from where an earlier reader stopped; without it everything is told. */
  constructor(runFolder: string, from?: MetricsPosition) {
    this.#path = metricsPath(runFolder);
    this.#position = from ?? START;
  }

  /** Behind the last line that was told. */
  get position(): MetricsPosition {
    return this.#position;
  }

  /**
   * What changed since the last time, undefined for nothing; the first answer to a reader without a position always comes.
   * A last line that is just being written waits for the next time.
   * @throws UserError when the file cannot be read, is gone after it was read, or when the next line is damaged; the position
   * stays, so that the next time goes on from there.
   */
  async next(): Promise<MetricsChange | undefined> {
    const isFirst = this.#isFirst;
    let file: FileHandle;
    try {
      file = await open(this.#path);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'))
        throw fileError(this.#path, 'read it', cause);
      if (this.#position.bytes > 0)
        throw new UserError(`${this.#path}: expected the file that was read before, found it gone; put it back`);
      this.#moveTo(START, undefined);
      return isFirst ? { replaces: true, lines: [] } : undefined;
    }
    try {
      const { ino, size } = await file.stat();
      const goesOn =
        (ino === this.#seen?.inode && this.#seen.tail.equals(await tailBefore(file, this.#position))) ||
        (await startsWith(file, size, this.#position));
      const from = goesOn ? this.#position : START;
      const replaces = !goesOn || (isFirst && from.bytes === 0);
      const added = await readRange(file, from.bytes, size);
      const { lines, bytes, damaged } = readLines(added, this.#path);
      const position = { bytes: from.bytes + bytes, crc: crc32(added.subarray(0, bytes), from.crc) };
      // the lines before it were told: now it is parsed again, under its number, to say what is wrong with it
      if (damaged !== undefined && lines.length === 0)
        parseMetricsLine(damaged, `${this.#path}: line ${(await lineCount(file, position)) + 1}`);
      this.#moveTo(position, { inode: ino, tail: await tailBefore(file, position) });
      return replaces || lines.length > 0 ? { replaces, lines } : undefined;
    } finally {
      await file.close();
    }
  }

  #moveTo(position: MetricsPosition, seen: { readonly inode: number; readonly tail: Buffer } | undefined): void {
    this.#position = position;
    this.#seen = seen;
    this.#isFirst = false;
  }
}

async function startsWith(file: FileHandle, size: number, { bytes, crc }: MetricsPosition): Promise<boolean> {
  return bytes <= size && crc32(await readRange(file, 0, bytes)) === crc;
}

function tailBefore(file: FileHandle, { bytes }: MetricsPosition): Promise<Buffer> {
  return readRange(file, Math.max(0, bytes - TAIL_BYTES), bytes);
}

async function lineCount(file: FileHandle, { bytes }: MetricsPosition): Promise<number> {
  return (await readRange(file, 0, bytes)).filter((byte) => byte === LINE_FEED).length;
}

interface WholeLines {
  readonly lines: readonly Metrics[];
  /** How much of the text they take. */
  readonly bytes: number;
  /** The line behind them, where it cannot be understood. */
  readonly damaged: string | undefined;
}

/** The lines of a text up to a damaged or unfinished one. */
function readLines(text: Buffer, path: string): WholeLines {
  const lines: Metrics[] = [];
  let bytes = 0;
  for (let end = text.indexOf(LINE_FEED); end >= 0; end = text.indexOf(LINE_FEED, bytes)) {
    const line = text.toString('utf8', bytes, end);
    try {
      if (line !== '') lines.push(parseMetricsLine(line, path));
    } catch (cause) {
      if (!(cause instanceof UserError)) throw cause;
      return { lines, bytes, damaged: line };
    }
    bytes = end + 1;
  }
  return { lines, bytes, damaged: undefined };
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  return buffer.subarray(0, bytesRead);
}
