/**
 * @file The part of the fake hub that takes uploads, as the hub does: a repository is made, small files come with the commit,
 * large ones go by git-lfs to the storage host, whole or in parts.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Files that the hub keeps in large file storage, with a sha256; others are git blobs. */
export const LARGE_FILE = /\.(parquet|bin|npy|safetensors|gz|jsonl)$/;

export type UploadStage = 'create' | 'preupload' | 'batch' | 'put' | 'complete' | 'commit';

/** What uploads have brought; a test may look at it. */
export interface Uploads {
  /** Whether somebody has made the repository. */
  exists: boolean;
  isPrivate: boolean;
  /** Of a Space that somebody has made. */
  sdk: string | undefined;
  /** Objects in large file storage, by their sha256, committed or not. */
  readonly objects: Map<string, Buffer>;
  /** Messages of commits. */
  readonly titles: string[];
  /** Bytes of a part; without it objects come whole. */
  readonly partBytes?: number;
}

export function noUploads(options: Partial<Uploads> = {}): Uploads {
  return { exists: false, isPrivate: false, sdk: undefined, objects: new Map(), titles: [], ...options };
}

export interface UploadState {
  readonly repository: string;
  readonly kind: 'dataset' | 'model' | 'space';
  readonly token?: string;
  readonly files: Map<string, Buffer>;
  readonly uploads?: Uploads;
  commit: string;
}

/** As far as an upload can go wrong; `after` counts bytes of the request's body, more than it has: before the answer. */
export interface UploadFault {
  readonly kind: string;
  readonly after?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type Admit = (stage: UploadStage, path: string, incoming: IncomingMessage) => UploadFault | undefined;

/** Parts of objects that are not complete. */
const parts = new WeakMap<Uploads, Map<string, Buffer>>();

/** Answers a request that belongs to an upload; false for any other. */
export async function takeUpload(
  state: UploadState,
  storageUrl: string,
  admit: Admit,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { uploads } = state;
  if (!uploads) return false;
  const path = decodeURIComponent(new URL(incoming.url ?? '', 'http://hub').pathname);
  const stage = stageOf(path, incoming.method, state);
  if (!stage) return false;
  const subject = stage === 'put' ? (path.split('/')[2] ?? '') : '';
  const fault = admit(stage, subject, incoming);
  if (fault?.status !== undefined) {
    incoming.resume();
    response.writeHead(fault.status, fault.headers).end();
    return true;
  }
  const { socket } = incoming;
  const isCut = fault?.kind === 'cut';
  const limit = (isCut ? fault.after : undefined) ?? Number.POSITIVE_INFINITY;
  const body = await read(incoming, limit);
  if (body === undefined) return true;
  if (fault?.kind === 'silence') return true;
  if (body.length >= limit) {
    socket.destroy();
    return true;
  }
  const send = (status: number, value: object, headers: Record<string, string> = {}): true => {
    // a connection that breaks when all is done and before it is said
    if (isCut) response.destroy();
    else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    return true;
  };
  const { authorization } = incoming.headers;
  if (stage === 'put') {
    if (authorization !== undefined) return send(400, { error: 'one way of authorization' });
    // signed addresses are for bodies of a known length
    if (incoming.headers['content-length'] === undefined) return send(411, { error: 'no length' });
    return send(200, {}, { etag: keep(uploads, path, body) });
  }
  if (authorization === undefined || authorization !== `Bearer ${state.token}`)
    return send(401, { error: 'Invalid username or password.' });
  switch (stage) {
    case 'create':
      return create(uploads, state, body, send);
    case 'preupload': {
      const { files } = JSON.parse(String(body)) as { files: { path: string }[] };
      return send(200, {
        files: files.map((file) => ({ path: file.path, uploadMode: LARGE_FILE.test(file.path) ? 'lfs' : 'regular' })),
      });
    }
    case 'batch':
      return send(200, batch(uploads, storageUrl, `http://${incoming.headers.host}${placeOf(state)}`, body));
    case 'complete':
      return send(complete(uploads, path, body) ? 200 : 400, {});
    case 'commit':
      return commit(state, uploads, body, send);
  }
}

/** The address of a repository on its host. */
export function placeOf({ kind, repository }: Pick<UploadState, 'kind' | 'repository'>): string {
  return kind === 'model' ? `/${repository}` : `/${kind}s/${repository}`;
}

function stageOf(path: string, method = '', state: UploadState): UploadStage | undefined {
  const [api, place] = [`/api/${state.kind}s/${state.repository}`, placeOf(state)];
  if (path.startsWith('/objects/') && method === 'PUT') return 'put';
  if (method !== 'POST') return undefined;
  if (path === '/api/repos/create') return 'create';
  if (path === `${api}/preupload/main`) return 'preupload';
  if (path === `${place}.git/info/lfs/objects/batch`) return 'batch';
  if (path.startsWith(`${place}/complete/`)) return 'complete';
  return path === `${api}/commit/main` ? 'commit' : undefined;
}

/** A request's body up to so many bytes; undefined when its connection broke. */
async function read(incoming: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of incoming as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= limit) break;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}

type Send = (status: number, value: object) => true;

function create(uploads: Uploads, { kind, repository }: UploadState, body: Buffer, send: Send): true {
  const { type, name, organization, visibility, sdk } = JSON.parse(String(body)) as Record<string, string>;
  if (type !== kind) return send(400, { error: `expected the type ${kind}, found ${type}` });
  if (kind === 'space' && sdk === undefined) return send(400, { error: 'a Space needs an sdk' });
  if (`${organization}/${name}` !== repository)
    return send(403, { error: `You don't have the rights to create a ${kind} under the namespace "${organization}".` });
  if (uploads.exists) return send(409, { error: 'You already created this repo' });
  uploads.exists = true;
  uploads.isPrivate = visibility === 'private';
  uploads.sdk = sdk;
  return send(200, { url: `http://hub/${repository}`, id: '1' });
}

function batch(uploads: Uploads, storageUrl: string, pageUrl: string, body: Buffer): object {
  const { objects, transfers } = JSON.parse(String(body)) as {
    objects: { oid: string; size: number }[];
    transfers: string[];
  };
  if (transfers.includes('xet')) throw new Error('the fake hub does not speak xet');
  const { partBytes } = uploads;
  return {
    transfer: partBytes ? 'multipart' : 'basic',
    objects: objects.map(({ oid, size }) => {
      if (uploads.objects.has(oid)) return { oid, size };
      if (!partBytes) return { oid, size, actions: { upload: { href: `${storageUrl}/objects/${oid}?signature=1` } } };
      const header: Record<string, string> = { chunk_size: String(partBytes) };
      for (let part = 1; part <= Math.ceil(size / partBytes); part++)
        header[String(part).padStart(5, '0')] = `${storageUrl}/objects/${oid}/${part}?signature=1`;
      return { oid, size, actions: { upload: { href: `${pageUrl}/complete/${oid}`, header } } };
    }),
  };
}

/** Keeps an object that is whole, or a part of one; storage checks the sha256 of what it is given. */
function keep(uploads: Uploads, path: string, body: Buffer): string {
  const [, , oid = '', part] = path.split('/');
  if (part === undefined) uploads.objects.set(oid, body);
  else parts.set(uploads, new Map(parts.get(uploads)).set(`${oid}/${part}`, body));
  return etagOf(body);
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

function complete(uploads: Uploads, path: string, body: Buffer): boolean {
  const oid = path.split('/').at(-1) ?? '';
  const request = JSON.parse(String(body)) as { parts: { partNumber: number; etag: string }[] };
  const pieces = request.parts.map(({ partNumber }) => parts.get(uploads)?.get(`${oid}/${partNumber}`));
  if (pieces.some((piece, index) => !piece || etagOf(piece) !== request.parts[index]?.etag)) return false;
  uploads.objects.set(oid, Buffer.concat(pieces.flatMap((piece) => piece ?? [])));
  return true;
}

function commit(state: UploadState, uploads: Uploads, body: Buffer, send: Send): true {
  type Line = { key: string; value: Record<string, string> };
  const [header, ...operations] = String(body)
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  if (header?.value.parentCommit !== state.commit) return send(412, { error: 'A commit has happened since.' });
  const files = new Map<string, Buffer>();
  const deleted: string[] = [];
  for (const { key, value } of operations) {
    const { path = '', content = '', oid = '' } = value;
    if (key === 'deletedFile') {
      if (!state.files.has(path)) return send(400, { error: `A file to delete does not exist: ${path}` });
      deleted.push(path);
      continue;
    }
    const object = key === 'lfsFile' ? uploads.objects.get(oid) : Buffer.from(content, 'base64');
    if (!object || (key === 'lfsFile' && createHash('sha256').update(object).digest('hex') !== oid))
      return send(400, { error: `LFS pointer pointed to a file that does not exist: ${path}` });
    files.set(path, object);
  }
  for (const [path, content] of files) state.files.set(path, content);
  for (const path of deleted) state.files.delete(path);
  state.commit = createHash('sha1').update(`${state.commit} ${body}`).digest('hex');
  uploads.titles.push(header.value.summary ?? '');
  return send(200, { commitOid: state.commit, commitUrl: `http://hub/commit/${state.commit}`, success: true });
}
