/**
 * @file One file from the hub to this disk. It grows as `NAME.partial`, resumes there after an interruption of any kind, and
 * gets its name once it is whole, has the checksum that the hub lists, and is flushed to disk.
 */

import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../support/errors.ts';
import { exists, fileError, move, syncFolder } from '../support/files.ts';
import { formatBytes } from '../support/format.ts';
import type { Hub } from './hub.ts';
import { statusError, TransientError } from './hub-errors.ts';
import { PartialFile, WrongContent } from './partial-file.ts';
import { fileUrl, type HubFile, type Repository, subjectFor } from './repository.ts';
import { type Answer, request } from './request.ts';
import { retrying } from './retry.ts';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of the file downloaded so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

const MAX_WRONG_CONTENTS = 3;

/**
 * Downloads a file to `path`, unless it is there. The caller ensures that no other process writes the same path.
 * @throws UserError when the hub refuses it, repeatedly sends something other than it lists, or the disk is full.
 */
export async function download(
  hub: Hub,
  repository: Repository,
  file: HubFile,
  path: string,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  if (await exists(path)) return onProgress?.(file.bytes);
  const partial = `${path}.partial`;
  const { what } = subjectFor(repository, file.path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const part = await PartialFile.open(partial, file, onProgress);
    try {
      await checkSpace(partial, what, file.bytes - part.bytes);
      await fill(part, hub, repository, file, signal);
      await part.sync();
    } finally {
      await part.close();
    }
    await move(partial, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (isDiskFull(cause)) throw await diskFull(partial, what, file.bytes);
    throw fileError(partial, 'write it', cause);
  }
}

/** Downloads what is missing until the checksum is right. */
async function fill(
  part: PartialFile,
  hub: Hub,
  repository: Repository,
  file: HubFile,
  signal: AbortSignal,
): Promise<void> {
  const subject = subjectFor(repository, file.path);
  const url = fileUrl(hub, repository, file.path);
  const progress = (): number => part.bytes;
  for (let wrong = 1; ; wrong++) {
    try {
      await retrying(hub, { signal, what: subject.what, progress }, async () => {
        if (part.bytes === file.bytes) return;
        const headers = part.bytes > 0 ? { range: `bytes=${part.bytes}-` } : {};
        await request(hub, url, { signal, headers }, async (answer) => {
          if (!answer.response.ok && answer.response.status !== 416) throw statusError(answer.response, hub, subject);
          await receive(part, file, answer);
        });
      });
      return part.check();
    } catch (cause) {
      if (!(cause instanceof WrongContent)) throw cause;
      await part.empty();
      if (wrong >= MAX_WRONG_CONTENTS)
        throw new UserError(
          `${subject.what}: ${cause.message}, ${wrong} times; the hub or a proxy changes the file; try another network or --revision`,
        );
      hub.onWait?.(`${subject.what}: ${cause.message}; downloading it again`, 0);
    }
  }
}

/** Appends an answer's body to the part. */
async function receive(part: PartialFile, file: HubFile, { response, body }: Answer): Promise<void> {
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (total !== '*' && Number(total) !== file.bytes)
      throw new WrongContent(`expected ${file.bytes} bytes, found ${total}`);
    if (Number(start) !== part.bytes) throw new TransientError(`the hub answers with bytes from ${start} on`);
  } else if (response.status === 416) {
    throw new WrongContent(`expected ${file.bytes} bytes, found no more than ${part.bytes}`);
  } else if (part.bytes > 0) {
    await part.empty(); // the whole file is sent, whatever range was asked for
  }
  for await (const piece of body) {
    if (part.bytes + piece.length > file.bytes) throw new WrongContent(`expected ${file.bytes} bytes, found more`);
    await part.append(piece);
  }
  if (part.bytes < file.bytes) throw new TransientError(`the answer ended at byte ${part.bytes} of ${file.bytes}`);
}

async function checkSpace(path: string, what: string, needed: number): Promise<void> {
  if ((await freeBytes(path)) < needed) throw await diskFull(path, what, needed);
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}

async function diskFull(path: string, what: string, needed: number): Promise<UserError> {
  const free = formatBytes(await freeBytes(path));
  return new UserError(
    `${what}: ${formatBytes(needed)} are needed in ${dirname(path)}, ${free} are free; make room or choose another place, and run it again: what has been downloaded is kept`,
  );
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
}
