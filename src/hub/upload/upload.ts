/**
 * @file Files of a model to the hub, as one commit. What the repository has already is not sent; a large file that has arrived
 * before the upload was stopped is not sent again.
 */

import { modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { parseJson } from '../../support/json.ts';
import { apiOptions } from '../api.ts';
import type { Hub } from '../hub.ts';
import { NotThereError } from '../hub-errors.ts';
import { listFilesIn, type Repository, subjectFor } from '../repository.ts';
import { type LargeFile, uploadLargeFiles } from './large-objects.ts';
import { digest, readPieces, sizeOf, type UploadFile } from './upload-file.ts';
import { NotPermittedError, sendUpload, type UploadAnswer } from './upload-request.ts';

export interface UploadOptions {
  readonly isPrivate: boolean;
  /** The message of the commit. */
  readonly title: string;
  readonly signal: AbortSignal;
  /** Called with the bytes of large files that have left, of those to send. */
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
}

export interface Uploaded {
  /** The page of the model. */
  readonly url: string;
  readonly commit: string;
  /** Paths that were sent, and those that were there. */
  readonly sent: readonly string[];
  readonly unchanged: readonly string[];
}

interface SizedFile extends UploadFile {
  readonly bytes: number;
}

const NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const MAX_NAME_LENGTH = 96;
/** Bytes by which the hub tells text from data. */
const SAMPLE_BYTES = 512;

const THERE_ALREADY = 409;
/** Of a commit whose parent is not the newest one any more. */
const NOT_NEWEST = 412;

const preuploadSchema = z.object({ files: z.array(z.object({ path: z.string(), uploadMode: z.string() })) });
const commitSchema = z.object({ commitOid: z.string() });

/** @throws UserError when the hub would refuse the name. */
export function checkRepositoryName(name: string): void {
  if (NAME.test(name) && name.length <= MAX_NAME_LENGTH && !/\.\.|--|\.git$|[.-](\/|$)/.test(name)) return;
  throw new UserError(
    `expected OWNER/NAME, of letters, digits, _ and single - and ., at most ${MAX_NAME_LENGTH} characters, found ${name}`,
  );
}

/**
 * Uploads files to a model's repository, which is made if there is none. Others that are there stay.
 * @throws UserError when there is no token, the hub refuses, it cannot be reached, or somebody else changes the repository.
 */
export async function uploadModel(
  hub: Hub,
  name: string,
  files: readonly UploadFile[],
  options: UploadOptions,
): Promise<Uploaded> {
  checkRepositoryName(name);
  checkAccess(hub, name);
  const { signal } = options;
  await makeRepository(hub, name, options);
  const repository = await findOwn(hub, name, options);
  const sized: SizedFile[] = [];
  for (const file of files) sized.push({ ...file, bytes: await sizeOf(file) });
  const changed = await changedFiles(hub, repository, sized, signal);
  const result = {
    url: `${hub.url}/${name}`,
    sent: changed.map(({ path }) => path),
    unchanged: sized.filter((file) => !changed.includes(file)).map(({ path }) => path),
  };
  if (changed.length === 0) return { ...result, commit: repository.commit };
  const commit = await commitFiles(hub, repository, changed, options);
  if (commit !== undefined) return { ...result, commit };
  // the commit of a request whose answer was lost, or somebody else's
  const now = await findOwn(hub, name, options);
  if ((await changedFiles(hub, now, sized, signal)).length === 0) return { ...result, commit: now.commit };
  throw new UserError(
    `${name}: somebody else has changed it meanwhile; look at ${result.url}/commits/main and start again`,
  );
}

function checkAccess(hub: Hub, name: string): void {
  if (hub.isOffline) throw new UserError(`${name}: HF_HUB_OFFLINE is set; unset it to upload`);
  if (hub.token === undefined)
    throw new UserError(
      `${name}: expected a token of the hub, found none; make one with write access at ${hub.url}/settings/tokens and set HF_TOKEN to it, or run \`hf auth login\``,
    );
}

/** Makes the repository unless it is there. A token that may not make one may yet write to one that is there. */
async function makeRepository(hub: Hub, name: string, options: UploadOptions): Promise<void> {
  const { isPrivate, signal } = options;
  const [organization, ownName] = name.split('/');
  const request = { type: 'model', name: ownName, organization, visibility: isPrivate ? 'private' : 'public' };
  try {
    await post(hub, name, `${hub.url}/api/repos/create`, JSON.stringify(request), signal, [THERE_ALREADY]);
  } catch (cause) {
    if (!(cause instanceof NotPermittedError)) throw cause;
    await findOwn(hub, name, options).catch((other: unknown) => {
      throw other instanceof NotThereError ? cause : other;
    });
  }
}

/** The repository as it is. */
async function findOwn(hub: Hub, name: string, { isPrivate, signal }: UploadOptions): Promise<Repository> {
  const api = apiOptions(hub, subjectFor({ kind: 'model', name }, ''), signal);
  const fields = ['sha', 'cardData'] as const;
  const info = await modelInfo({ name, revision: 'main', additionalFields: [...fields], ...api });
  if (isPrivate && !info.private)
    throw new UserError(
      `${name}: --private was given, and the repository is public already; make it private at ${hub.url}/${name}/settings, or leave out --private`,
    );
  return { kind: 'model', name, commit: info.sha, cardData: info.cardData };
}

/** The files that the repository does not have as they are here. */
async function changedFiles(
  hub: Hub,
  repository: Repository,
  files: readonly SizedFile[],
  signal: AbortSignal,
): Promise<SizedFile[]> {
  const there = new Map((await listFilesIn(hub, repository, '', signal)).map((file) => [file.path, file]));
  const changed: SizedFile[] = [];
  for (const file of files) {
    const other = there.get(file.path);
    const isSame =
      other?.bytes === file.bytes &&
      (await digest(file, other.checksum.algorithm, file.bytes, signal)) === other.checksum.hex;
    if (!isSame) changed.push(file);
  }
  return changed;
}

/** Sends files and commits them; undefined when the repository has a newer commit than the one that was looked at. */
async function commitFiles(
  hub: Hub,
  { name, commit }: Repository,
  files: readonly SizedFile[],
  { title, signal, onProgress }: UploadOptions,
): Promise<string | undefined> {
  const url = `${hub.url}/api/models/${name}`;
  const described = await Promise.all(
    files.map(async (file) => ({ path: file.path, size: file.bytes, sample: await sampleOf(file) })),
  );
  const preupload = `${url}/preupload/main`;
  const { text } = await post(hub, name, preupload, JSON.stringify({ files: described }), signal);
  const modes = new Map(parseJson(preuploadSchema, text, preupload).files.map((file) => [file.path, file.uploadMode]));
  const large: LargeFile[] = [];
  for (const file of files.filter(({ path }) => modes.get(path) === 'lfs'))
    large.push({ ...file, sha256: await digest(file, 'sha256', file.bytes, signal) });
  await uploadLargeFiles(hub, name, large, { signal, onSent: progressOf(large, onProgress) });
  const lines: object[] = [{ key: 'header', value: { summary: title, parentCommit: commit } }];
  for (const file of files) {
    const { path, bytes } = file;
    const sha256 = large.find((other) => other.path === path)?.sha256;
    if (sha256) lines.push({ key: 'lfsFile', value: { path, algo: 'sha256', size: bytes, oid: sha256 } });
    else lines.push({ key: 'file', value: { path, encoding: 'base64', content: await base64(file, bytes) } });
  }
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  const answer = await post(hub, name, `${url}/commit/main`, body, signal, [NOT_NEWEST]);
  return answer.status === NOT_NEWEST ? undefined : parseJson(commitSchema, answer.text, url).commitOid;
}

function progressOf(files: readonly SizedFile[], onProgress: UploadOptions['onProgress']) {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const sent = new Map<string, number>();
  return (path: string, bytes: number): void => {
    sent.set(path, bytes);
    onProgress?.(
      [...sent.values()].reduce((sum, each) => sum + each, 0),
      total,
    );
  };
}

const sampleOf = (file: SizedFile): Promise<string> => base64(file, Math.min(SAMPLE_BYTES, file.bytes));

async function base64(file: UploadFile, end: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readPieces(file, 0, end)) pieces.push(piece);
  return Buffer.concat(pieces).toString('base64');
}

/** Asks the hub's API; a body of several lines is newline-delimited JSON. */
function post(
  hub: Hub,
  name: string,
  url: string,
  body: string,
  signal: AbortSignal,
  expected: readonly number[] = [],
): Promise<UploadAnswer> {
  const headers = { 'content-type': body.includes('\n') ? 'application/x-ndjson' : 'application/json' };
  const subject = subjectFor({ kind: 'model', name }, '');
  return sendUpload(hub, subject, { method: 'POST', url, headers, body, expected }, { signal });
}
