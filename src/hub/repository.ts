/** @file A repository of the hub at one commit: what it is, which files it holds. */

import { datasetInfo, listDatasets, listFiles, modelInfo, spaceInfo } from '@huggingface/hub';
import { UserError } from '../support/errors.ts';
import { nearestName } from '../support/suggest.ts';
import { type ApiOptions, apiOptions } from './api.ts';
import type { Checksum } from './checksum.ts';
import type { Hub } from './hub.ts';
import { NotThereError, type Subject } from './hub-errors.ts';

export interface RepositoryName {
  readonly kind: 'dataset' | 'model' | 'space';
  /** `OWNER/NAME` */
  readonly name: string;
}

/** A repository at a commit, so that what is read later is what was listed. */
export interface Repository extends RepositoryName {
  readonly commit: string;
  /** The front matter of its README, as the hub read it. */
  readonly cardData: unknown;
}

/** A file as a listing gives it. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  readonly checksum: Checksum;
}

const MAX_SUGGESTIONS = 500;
const SHOWN_NAMES = 30;

/**
 * Finds the commit that a branch, tag or commit stands for now.
 * @throws UserError when there is no such repository (naming those of its owner) or revision, or the hub cannot be
 * reached.
 */
export async function findRepository(
  hub: Hub,
  repository: RepositoryName,
  { revision = 'main', signal }: { readonly revision?: string | undefined; readonly signal: AbortSignal },
): Promise<Repository> {
  const { kind, name } = repository;
  if (!/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(name))
    throw new UserError(`expected a name on the hub, OWNER/NAME, found ${name}`);
  if (hub.isOffline) throw new UserError(`${name}: HF_HUB_OFFLINE is set; unset it to ask the hub, or use local files`);
  const subject = subjectFor(repository, `revision ${revision}`);
  const question = { name, revision, ...apiOptions(hub, subject, signal) };
  try {
    const { sha, cardData } = await askInfo(kind, question);
    // it becomes the name of a folder
    if (!/^[0-9a-f]{40}$/.test(sha)) throw new UserError(`${name}: expected a commit from ${hub.url}, found ${sha}`);
    return { kind, name, commit: sha, cardData };
  } catch (cause) {
    if (!(cause instanceof NotThereError) || kind !== 'dataset') throw cause;
    const others = await findDatasets(hub, name.split('/')[0] ?? '', signal).catch((): string[] => []);
    if (others.length === 0 || others.includes(name)) throw cause;
    throw new NotThereError(`${cause.message}; ${listChoices(name, others)}`, { cause });
  }
}

/** What the hub says of a repository at a revision. */
export function askInfo(
  kind: RepositoryName['kind'],
  question: ApiOptions & { readonly name: string; readonly revision: string },
): Promise<{ readonly sha: string; readonly cardData?: unknown; readonly private: boolean }> {
  const asked = { ...question, additionalFields: ['sha' as const, 'cardData' as const] };
  if (kind === 'dataset') return datasetInfo(asked);
  return kind === 'space' ? spaceInfo(asked) : modelInfo(asked);
}

/** Where its page is and its files are, relative to the hub. */
export function placeOf({ kind, name }: RepositoryName): string {
  return kind === 'model' ? name : `${kind}s/${name}`;
}

async function findDatasets(hub: Hub, owner: string, signal: AbortSignal): Promise<string[]> {
  const options = apiOptions(hub, { page: owner, what: owner }, signal);
  const names: string[] = [];
  for await (const { name } of listDatasets({ search: { owner }, limit: MAX_SUGGESTIONS, ...options }))
    names.push(name);
  return names;
}

/** `did you mean B? There are A, B, C` for an error about a name that is not among `names`. */
export function listChoices(given: string, names: readonly string[]): string {
  const meant = nearestName(given, names);
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  const rest = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return `${meant === undefined ? '' : `did you mean ${meant}? `}There are ${shown}${rest}`;
}

/**
 * All files below a folder of a repository ('' for the whole repository), sorted by path.
 * @throws NotThereError when there is no such folder.
 */
export async function listFilesIn(
  hub: Hub,
  repository: Repository,
  folder: string,
  signal: AbortSignal,
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  for await (const { type, path, size, oid, lfs } of entriesIn(hub, repository, folder, { recursive: true, signal })) {
    if (type !== 'file') continue;
    if (!isPlainPath(path))
      throw new UserError(`${repository.name}: lists a file with the path ${JSON.stringify(path)}`);
    const checksum = lfs
      ? { algorithm: 'sha256' as const, hex: lfs.oid }
      : { algorithm: 'git-sha1' as const, hex: oid };
    if (checksum.hex === undefined) throw new UserError(`${repository.name}: lists ${path} without a checksum`);
    files.push({ path, bytes: lfs?.size ?? size, checksum: { ...checksum, hex: checksum.hex } });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The folders in a folder of a repository, none where there is no such folder. */
export async function listFoldersIn(
  hub: Hub,
  repository: Repository,
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  const folders: string[] = [];
  try {
    for await (const { type, path } of entriesIn(hub, repository, folder, { recursive: false, signal }))
      if (type === 'directory') folders.push(path);
  } catch (cause) {
    if (!(cause instanceof NotThereError)) throw cause;
  }
  return folders;
}

function entriesIn(
  hub: Hub,
  repository: Repository,
  folder: string,
  { recursive, signal }: { readonly recursive: boolean; readonly signal: AbortSignal },
) {
  const { kind, name, commit } = repository;
  return listFiles({
    repo: { type: kind, name },
    revision: commit,
    path: folder.split('/').map(encodeURIComponent).join('/'),
    recursive,
    ...apiOptions(hub, subjectFor(repository, folder), signal),
  });
}

/** The address of a file's content. */
export function fileUrl(hub: Hub, repository: Repository, path: string): string {
  return `${hub.url}/${placeOf(repository)}/resolve/${repository.commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** What errors call a part of a repository. */
export function subjectFor(repository: RepositoryName, part: string): Subject {
  const { name } = repository;
  return { page: placeOf(repository), what: part === '' ? name : `${name}: ${part}` };
}

/** Whether a listed path stays within the folder it is written to. */
function isPlainPath(path: string): boolean {
  return !/[\\:\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
