/**
 * @file Files of a model or a Space to the hub, as one commit. What the repository has already is not sent; a large file that has arrived
 * before the upload was stopped is not sent again.
 */

import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { parseJson } from '../../support/json.ts';
import { apiOptions } from '../api.ts';
import type { Hub } from '../hub.ts';
import { NotThereError } from '../hub-errors.ts';
import { askInfo, listFilesIn, placeOf, type Repository, type RepositoryName, subjectFor } from '../repository.ts';
import { type LargeFile, uploadLargeFiles } from './large-objects.ts';
import { digest, readPieces, sizeOf, type UploadFile } from './upload-file.ts';
import { NotPermittedError, sendUpload, type UploadAnswer } from './upload-request.ts';

/** A repository that files go to. A Space is a static site. */
export type UploadTarget = RepositoryName & { readonly kind: 'model' | 'space' };

export interface UploadOptions {
  readonly isPrivate: boolean;
  /** The message of the commit. */
  readonly title: string;
  readonly signal: AbortSignal;
  /** Whether a file that is there goes when it is not among those uploaded; without it all stay. */
  readonly isReplaced?: (path: string) => boolean;
  /** Called with the bytes of large files that have left, of those to send. */
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
}

export interface Uploaded {
  /** The page of the repository. */
  readonly url: string;
  readonly commit: string;
  /** Paths that were sent, and those that were there. */
  readonly sent: readonly string[];
  readonly unchanged: readonly string[];
  /** Paths that were there and are not any more. */
  readonly removed: readonly string[];
}

/** What makes a repository what it shall be. */
interface Changes {
  readonly files: readonly SizedFile[];
  readonly removed: readonly string[];
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
 * Uploads files to a repository, which is made if there is none. Others that are there stay, unless they are replaced.
 * @throws UserError when there is no token, the hub refuses, it cannot be reached, or somebody else changes the repository.
 */
export async function uploadFiles(
  hub: Hub,
  target: UploadTarget,
  files: readonly UploadFile[],
  options: UploadOptions,
): Promise<Uploaded> {
  const { name } = target;
  checkRepositoryName(name);
  checkAccess(hub, name);
  await makeRepository(hub, target, options);
  const repository = await findOwn(hub, target, options);
  const sized: SizedFile[] = [];
  for (const file of files) sized.push({ ...file, bytes: await sizeOf(file) });
  const changes = await findChanges(hub, repository, sized, options);
  const result = {
    url: `${hub.url}/${placeOf(target)}`,
    sent: changes.files.map(({ path }) => path),
    unchanged: sized.filter((file) => !changes.files.includes(file)).map(({ path }) => path),
    removed: changes.removed,
  };
  if (isNothing(changes)) return { ...result, commit: repository.commit };
  const commit = await commitChanges(hub, repository, changes, options);
  if (commit !== undefined) return { ...result, commit };
  // the commit of a request whose answer was lost, or somebody else's
  const now = await findOwn(hub, target, options);
  if (isNothing(await findChanges(hub, now, sized, options))) return { ...result, commit: now.commit };
  throw new UserError(
    `${name}: somebody else has changed it meanwhile; look at ${result.url}/commits/main and start again`,
  );
}

const isNothing = ({ files, removed }: Changes): boolean => files.length === 0 && removed.length === 0;

/** @throws UserError when nothing can be uploaded: offline, or without a token. */
export function checkAccess(hub: Hub, name: string): void {
  if (hub.isOffline) throw new UserError(`${name}: HF_HUB_OFFLINE is set; unset it to upload`);
  if (hub.token === undefined)
    throw new UserError(
      `${name}: expected a token of the hub, found none; make one with write access at ${hub.url}/settings/tokens and set HF_TOKEN to it, or run \`hf auth login\``,
    );
}

/** Makes the repository unless it is there. A token that may not make one may yet write to one that is there. */
async function makeRepository(hub: Hub, target: UploadTarget, options: UploadOptions): Promise<void> {
  const { kind, name } = target;
  const { isPrivate, signal } = options;
  const [organization, ownName] = name.split('/');
  const request = {
    ...{ type: kind, name: ownName, organization, visibility: isPrivate ? 'private' : 'public' },
    ...(kind === 'space' ? { sdk: 'static' } : {}),
  };
  try {
    await post(hub, target, `${hub.url}/api/repos/create`, JSON.stringify(request), signal, [THERE_ALREADY]);
  } catch (cause) {
    if (!(cause instanceof NotPermittedError)) throw cause;
    await findOwn(hub, target, options).catch((other: unknown) => {
      throw other instanceof NotThereError ? cause : other;
    });
  }
}

/** The repository as it is. */
async function findOwn(hub: Hub, target: UploadTarget, { isPrivate, signal }: UploadOptions): Promise<Repository> {
  const { kind, name } = target;
  const api = apiOptions(hub, subjectFor(target, ''), signal);
  const info = await askInfo(kind, { name, revision: 'main', ...api });
  if (isPrivate && !info.private)
    throw new UserError(
      `${name}: --private was given, and the repository is public already; make it private at ${hub.url}/${placeOf(target)}/settings, or leave out --private`,
    );
  return { kind, name, commit: info.sha, cardData: info.cardData };
}

/** The files that the repository does not have as they are here, and those that it has and shall not have. */
async function findChanges(
  hub: Hub,
  repository: Repository,
  files: readonly SizedFile[],
  { signal, isReplaced = () => false }: UploadOptions,
): Promise<Changes> {
  const there = new Map((await listFilesIn(hub, repository, '', signal)).map((file) => [file.path, file]));
  const changed: SizedFile[] = [];
  for (const file of files) {
    const other = there.get(file.path);
    const isSame =
      other?.bytes === file.bytes &&
      (await digest(file, other.checksum.algorithm, file.bytes, signal)) === other.checksum.hex;
    if (!isSame) changed.push(file);
  }
  const paths = new Set(files.map(({ path }) => path));
  return { files: changed, removed: [...there.keys()].filter((path) => !paths.has(path) && isReplaced(path)) };
}

/** Sends files and commits the changes; undefined when the repository has a newer commit than the one that was looked at. */
async function commitChanges(
  hub: Hub,
  repository: Repository,
  { files, removed }: Changes,
  { title, signal, onProgress }: UploadOptions,
): Promise<string | undefined> {
  const url = `${hub.url}/api/${repository.kind}s/${repository.name}`;
  const large = await findLargeFiles(hub, repository, files, signal);
  await uploadLargeFiles(hub, repository, large, { signal, onSent: progressOf(large, onProgress) });
  const lines: object[] = [{ key: 'header', value: { summary: title, parentCommit: repository.commit } }];
  for (const file of files) {
    const { path, bytes } = file;
    const sha256 = large.find((other) => other.path === path)?.sha256;
    if (sha256) lines.push({ key: 'lfsFile', value: { path, algo: 'sha256', size: bytes, oid: sha256 } });
    else lines.push({ key: 'file', value: { path, encoding: 'base64', content: await base64(file, bytes) } });
  }
  for (const path of removed) lines.push({ key: 'deletedFile', value: { path } });
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  const answer = await post(hub, repository, `${url}/commit/main`, body, signal, [NOT_NEWEST]);
  return answer.status === NOT_NEWEST ? undefined : parseJson(commitSchema, answer.text, url).commitOid;
}

/** Those of the files that the hub wants in its storage. */
async function findLargeFiles(
  hub: Hub,
  repository: Repository,
  files: readonly SizedFile[],
  signal: AbortSignal,
): Promise<LargeFile[]> {
  if (files.length === 0) return [];
  const url = `${hub.url}/api/${repository.kind}s/${repository.name}/preupload/main`;
  const described = await Promise.all(
    files.map(async (file) => ({ path: file.path, size: file.bytes, sample: await sampleOf(file) })),
  );
  const { text } = await post(hub, repository, url, JSON.stringify({ files: described }), signal);
  const modes = new Map(parseJson(preuploadSchema, text, url).files.map((file) => [file.path, file.uploadMode]));
  const large: LargeFile[] = [];
  for (const file of files.filter(({ path }) => modes.get(path) === 'lfs'))
    large.push({ ...file, sha256: await digest(file, 'sha256', file.bytes, signal) });
  return large;
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
  repository: RepositoryName,
  url: string,
  body: string,
  signal: AbortSignal,
  expected: readonly number[] = [],
): Promise<UploadAnswer> {
  const headers = { 'content-type': body.includes('\n') ? 'application/x-ndjson' : 'application/json' };
  const subject = subjectFor(repository, '');
  return sendUpload(hub, subject, { method: 'POST', url, headers, body, expected }, { signal });
}
