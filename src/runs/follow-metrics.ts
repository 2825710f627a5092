/**
 * @file Reading `metrics.jsonl` while another process writes it. A position in the file is named by what stands before it,
 * not by when it was read: where a resume puts another file in its place, a reader goes on where it stopped, unless what it
 * has read was rolled back; then it begins anew.
 */

import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { openRegularFile } from '../support/regular-file.ts';
import { type Metrics, metricsPath, parseMetricsLine } from './metrics.ts';

/** A place between two lines: the bytes and lines before it, and the CRC-32 of those bytes. */
interface Position {
  readonly bytes: number;
  readonly lines: number;
  readonly crc: number;
}

const LINE_FEED = 0x0a;
const START: Position = { bytes: 0, lines: 0, crc: 0 };

/** More than a line of a step, whose timings no other line has. */
const TAIL_BYTES = 1024;
/** Read at a time, and the longest line: a long sample has some kilobytes. */
const MAX_LINE_BYTES = 1024 * 1024;

export interface MetricsChange {
  /** Whether `lines` and those that follow replace all that was reported before. */
  readonly replaces: boolean;
  readonly lines: readonly Metrics[];
}

/** Follows the metrics of one run; asked now and then, it reports what is new. */
export class MetricsFollower {
  readonly #path: string;
  #position = START;
  /**
   * The file that was read last and the bytes before the position: the trainer adds to a file or puts another in its place,
   * which may get the same inode, and others may cut it off.
   */
  #seen: { readonly inode: number; readonly tail: Buffer } | undefined;
  /** Whether what was reported before no longer holds, which is reported with the next lines. */
  #beginsAnew = false;

  constructor(runFolder: string) {
    this.#path = metricsPath(runFolder);
  }

  /**
   * What changed since the last time, at most 1 MiB of it: there may be more until the answer is undefined. A last line that
   * is just being written waits for the next time.
   * @throws UserError when the file cannot be read, is gone after it was read, or when the next line is damaged or longer
   * than 1 MiB; the position stays, so that the next time goes on from there.
   */
  async next(): Promise<MetricsChange | undefined> {
    let file: FileHandle;
    try {
      file = await openRegularFile(this.#path);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'))
        throw fileError(this.#path, 'read it', cause);
      if (this.#position.bytes > 0)
        throw new UserError(`${this.#path}: expected the file that was read before, found it gone; put it back`);
      return undefined;
    }
    try {
      const { ino, size } = await file.stat();
      const goesOn =
        (ino === this.#seen?.inode && this.#seen.tail.equals(await tailBefore(file, this.#position))) ||
        (await startsWith(file, size, this.#position));
      if (!goesOn) {
        this.#position = START;
        this.#beginsAnew = true;
      }
      const from = this.#position.bytes;
      const { lines, position } = this.#wholeLines(await readRange(file, from, Math.min(size, from + MAX_LINE_BYTES)));
      const replaces = this.#beginsAnew;
      this.#position = position;
      this.#seen = { inode: ino, tail: await tailBefore(file, position) };
      this.#beginsAnew = false;
      return replaces || lines.length > 0 ? { replaces, lines } : undefined;
    } finally {
      await file.close();
    }
  }

  /**
   * The lines of a text that begins at the position, up to a damaged or unfinished one, and the position after them.
   * @throws UserError when the first line is damaged
   */
  #wholeLines(text: Buffer): { readonly lines: readonly Metrics[]; readonly position: Position } {
    const from = this.#position;
    const lines: Metrics[] = [];
    let [bytes, count] = [0, 0];
    const where = (): string => `${this.#path}: line ${from.lines + count + 1}`;
    for (let end = text.indexOf(LINE_FEED); end >= 0; end = text.indexOf(LINE_FEED, bytes)) {
      const line = text.toString('utf8', bytes, end);
      try {
        if (line !== '') lines.push(parseMetricsLine(line, where()));
      } catch (cause) {
        // the lines before it are reported first
        if (!(cause instanceof UserError) || lines.length === 0) throw cause;
        break;
      }
      bytes = end + 1;
      count++;
    }
    if (bytes === 0 && text.length === MAX_LINE_BYTES)
      throw new UserError(`${where()}: expected a line of less than 1 MiB, found a longer one; remove it`);
    // Node may give 0 for an empty part of a buffer, whatever it goes on from
    const crc = bytes === 0 ? from.crc : crc32(text.subarray(0, bytes), from.crc);
    return { lines, position: { bytes: from.bytes + bytes, lines: from.lines + count, crc } };
  }
}

/** Whether what stands before a position is what stood there. */
async function startsWith(file: FileHandle, size: number, { bytes, crc }: Position): Promise<boolean> {
  if (bytes > size) return false;
  let found = 0;
  for (let start = 0; start < bytes; start += MAX_LINE_BYTES)
    found = crc32(await readRange(file, start, Math.min(bytes, start + MAX_LINE_BYTES)), found);
  return found === crc;
}

function tailBefore(file: FileHandle, { bytes }: Position): Promise<Buffer> {
  return readRange(file, Math.max(0, bytes - TAIL_BYTES), bytes);
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
  return buffer.subarray(0, bytesRead);
}
