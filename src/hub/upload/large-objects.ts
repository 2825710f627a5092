/**
 * @file Large files to the storage of the hub: git-lfs's batch API (github.com/git-lfs/git-lfs, docs/api/batch.md), with the hub's
 * own transfer in parts. An object that storage has is not sent.
 */

import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { parseJson } from '../../support/json.ts';
import type { Hub } from '../hub.ts';
import { placeOf, type RepositoryName, subjectFor } from '../repository.ts';
import { readPieces, type UploadFile } from './upload-file.ts';
import { sendUpload, type UploadRequestOptions } from './upload-request.ts';

export interface LargeFile extends UploadFile {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Parts of an object on their way at the same time. */
const PARTS_AT_ONCE = 4;
const LFS_JSON = { accept: 'application/vnd.git-lfs+json', 'content-type': 'application/vnd.git-lfs+json' };

const upload = z.object({ href: z.url(), header: z.record(z.string(), z.string()).optional() });
const batchSchema = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: upload.optional() }).optional(),
      error: z.object({ message: z.string() }).optional(),
    }),
  ),
});

export interface LargeUploadOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of a file that have left so far. */
  readonly onSent: (path: string, bytes: number) => void;
}

/** @throws UserError when the hub or its storage refuses a file, or cannot be reached. */
export async function uploadLargeFiles(
  hub: Hub,
  repository: RepositoryName,
  files: readonly LargeFile[],
  { signal, onSent }: LargeUploadOptions,
): Promise<void> {
  if (files.length === 0) return;
  const request = {
    operation: 'upload',
    transfers: ['basic', 'multipart'],
    hash_algo: 'sha_256',
    ref: { name: 'main' },
    objects: files.map(({ sha256, bytes }) => ({ oid: sha256, size: bytes })),
  };
  const url = `${hub.url}/${placeOf(repository)}.git/info/lfs/objects/batch`;
  const subject = subjectFor(repository, '');
  const { text } = await sendUpload(
    hub,
    subject,
    { method: 'POST', url, headers: LFS_JSON, body: JSON.stringify(request) },
    { signal },
  );
  const { objects } = parseJson(batchSchema, text, url);
  for (const file of files) {
    const object = objects.find(({ oid }) => oid === file.sha256);
    if (!object || object.error)
      throw new UserError(
        `${subject.what}: ${file.path}: the hub does not take it (${object?.error?.message ?? 'no answer'})`,
      );
    const { upload } = object.actions ?? {};
    if (upload) await send(hub, repository, file, upload, { signal, onSent: (bytes) => onSent(file.path, bytes) });
    onSent(file.path, file.bytes);
  }
}

async function send(
  hub: Hub,
  repository: RepositoryName,
  file: LargeFile,
  { href, header = {} }: z.output<typeof upload>,
  { signal, onSent }: Required<UploadRequestOptions>,
): Promise<void> {
  const subject = subjectFor(repository, file.path);
  const { chunk_size: partBytes, ...others } = header;
  const put = (url: string, start: number, end: number, headers: Record<string, string>, sent: typeof onSent) => {
    const body = { bytes: end - start, read: () => readPieces(file, start, end) };
    return sendUpload(hub, subject, { method: 'PUT', url, headers, body }, { signal, onSent: sent });
  };
  if (partBytes === undefined) {
    await put(href, 0, file.bytes, others, onSent);
    return;
  }
  // the addresses of the parts are called 00001, 00002, …
  const urls = Object.keys(others)
    .filter((key) => /^\d+$/.test(key))
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => others[key] ?? '');
  const size = Number(partBytes);
  if (!(size > 0) || urls.length !== Math.ceil(file.bytes / size))
    throw new UserError(
      `${subject.what}: expected addresses for parts of ${partBytes} bytes from the hub, found ${urls.length}`,
    );
  const sent = urls.map(() => 0);
  const etags: string[] = [];
  const waiting = [...urls.keys()];
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const index = part;
      const [start, end] = [index * size, Math.min(file.bytes, (index + 1) * size)];
      const { headers } = await put(urls[index] ?? '', start, end, {}, (bytes) => {
        sent[index] = bytes;
        onSent(sent.reduce((sum, each) => sum + each, 0));
      });
      etags[index] = headers.get('etag') ?? '';
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, worker));
  const parts = etags.map((etag, index) => ({ partNumber: index + 1, etag }));
  const body = JSON.stringify({ oid: file.sha256, parts });
  await sendUpload(hub, subject, { method: 'POST', url: href, headers: LFS_JSON, body }, { signal });
}
