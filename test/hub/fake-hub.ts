/**
 * @file A server that speaks the part of the Hugging Face hub's API that this program uses: repository info, tree listing
 * in pages, and files, large ones by a redirect to a second server under another host name; and uploads (fake-uploads.ts). It can
 * misbehave on demand.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LARGE_FILE, placeOf, takeUpload, type UploadStage, type Uploads } from './fake-uploads.ts';

/** What a request was about: `bytes` and `put` are asked of the storage host, all else of the hub. */
export type Stage = 'info' | 'tree' | 'resolve' | 'bytes' | UploadStage;

export interface HubRequest {
  readonly stage: Stage;
  /** The file, or the folder that is listed; '' for a repository. */
  readonly path: string;
  readonly host: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  /** How many requests of this stage and path there have been, this one included. */
  readonly attempt: number;
}

/** One way of going wrong; `after` counts bytes of the answer's body. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Nothing more comes, and the connection stays. */
  | { readonly kind: 'silence'; readonly after: number }
  /** A shorter answer that claims to be whole. */
  | { readonly kind: 'short'; readonly after: number }
  /** The first byte is another. */
  | { readonly kind: 'corrupt' }
  /** The whole file whatever range was asked for. */
  | { readonly kind: 'no range' }
  /** Pieces of so many bytes, with pauses. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly milliseconds: number };

export interface FakeHubOptions {
  readonly files: ReadonlyMap<string, Buffer>;
  /** `OWNER/NAME` */
  readonly repository: string;
  readonly kind: 'dataset' | 'model' | 'space';
  /** What `cardData` of the repository says: the YAML of its README. */
  readonly cardData?: unknown;
  /** Only `token` may fetch files; the listing is open, as on the hub. */
  readonly gated?: boolean;
  readonly token?: string;
  readonly commit?: string;
  /** Files that are listed and cannot be fetched. */
  readonly listedOnly?: readonly { readonly path: string; readonly size: number; readonly sha256: string }[];
  /** Takes uploads by `token`; without a commit there is no repository yet. */
  readonly uploads?: Uploads;
  /** Entries on a page of a listing; default 1000. */
  readonly pageSize?: number;
  readonly faults?: (request: HubRequest) => Fault | undefined;
}

export interface FakeHub {
  /** For HF_ENDPOINT. */
  readonly url: string;
  readonly commit: string;
  /** What the repository holds now. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Makes a commit, as somebody else would. */
  push(path: string, content: string): void;
  /** Every request so far. */
  readonly requests: readonly HubRequest[];
  close(): Promise<void>;
}

interface TreeEntry {
  readonly type: 'file' | 'directory';
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** Starts the two servers. */
export async function startFakeHub(options: FakeHubOptions): Promise<FakeHub> {
  const files = new Map(options.files);
  const state = {
    ...options,
    files,
    commit: options.commit ?? createHash('sha1').update(options.repository).digest('hex'),
  };
  const requests: HubRequest[] = [];
  const attempts = new Map<string, number>();
  const admit = (stage: Stage, path: string, incoming: IncomingMessage): Fault | undefined => {
    const attempt = (attempts.get(`${stage} ${path}`) ?? 0) + 1;
    attempts.set(`${stage} ${path}`, attempt);
    const { host = '', authorization, range } = incoming.headers;
    const request = { stage, path, host, authorization, range, attempt };
    requests.push(request);
    return options.faults?.(request);
  };

  const storage = await listen('localhost', async (incoming, response) => {
    if (await takeUpload(state, storageUrl, admit, incoming, response)) return;
    const path = decodeURIComponent(new URL(incoming.url ?? '', 'http://storage').pathname.slice(1));
    const fault = admit('bytes', path, incoming);
    // storage takes signed addresses and refuses any other credential
    if (incoming.headers.authorization !== undefined) return sendError(response, 400, 'OnlyOneAuthMechanismAllowed');
    return sendFile(files.get(path), incoming, response, fault);
  });
  const storageUrl = `http://localhost:${portOf(storage)}`;

  const repositoryPath = `/api/${options.kind}s/${options.repository}`;
  const filePath = `${placeOf(options)}/resolve/`;
  const hub = await listen('127.0.0.1', async (incoming, response) => {
    const url = new URL(incoming.url ?? '', `http://${incoming.headers.host}`);
    const path = decodeURIComponent(url.pathname);
    if (await takeUpload(state, storageUrl, admit, incoming, response)) return;
    const { commit } = state;
    const isThere = (revision: string) => revision === commit || revision === 'main' || revision === 'HEAD';
    if (path.startsWith(`${repositoryPath}/revision/`)) {
      const fault = admit('info', '', incoming);
      if (fault) return await sendBody(Buffer.from('{}'), response, fault);
      if (!isThere(path.slice(`${repositoryPath}/revision/`.length)))
        return sendError(response, 404, 'RevisionNotFound');
      const { repository, gated = false, cardData } = options;
      const lastModified = '2024-06-01T00:00:00.000Z';
      const counts = {
        downloads: 1,
        likes: 1,
        private: options.uploads?.isPrivate ?? false,
        gated: gated ? 'auto' : false,
      };
      return sendJson(response, { _id: '0', id: repository, sha: commit, lastModified, cardData, ...counts });
    }
    if (path.startsWith(`${repositoryPath}/tree/`)) {
      const [revision = '', ...folders] = path.slice(`${repositoryPath}/tree/`.length).split('/');
      const folder = folders.join('/');
      const fault = admit('tree', folder, incoming);
      if (!isThere(revision)) return sendError(response, 404, 'RevisionNotFound');
      return await sendTree(treeEntries(state), folder, url, options.pageSize ?? 1000, response, fault);
    }
    if (path.startsWith(filePath)) {
      const [revision = '', ...parts] = path.slice(filePath.length).split('/');
      const name = parts.join('/');
      const fault = admit('resolve', name, incoming);
      const file = files.get(name);
      const { authorization } = incoming.headers;
      if (options.gated && authorization !== `Bearer ${options.token}`)
        return sendError(response, authorization === undefined ? 401 : 403, 'GatedRepo');
      if (!isThere(revision)) return sendError(response, 404, 'RevisionNotFound');
      if (file === undefined) return sendError(response, 404, 'EntryNotFound');
      if (fault || !LARGE_FILE.test(name)) return await sendFile(file, incoming, response, fault);
      const location = `${storageUrl}/${encodeURIComponent(name)}?signature=1`;
      response.writeHead(302, { location, 'x-linked-size': file.length, 'x-repo-commit': commit }).end();
      return;
    }
    if (path === '/api/datasets' && options.kind === 'dataset') {
      const isOwners = options.repository.split('/')[0] === url.searchParams.get('author');
      return sendJson(response, isOwners ? [{ _id: '0', id: options.repository, gated: false }] : []);
    }
    // the hub does not reveal to strangers whether a repository is private or missing
    sendError(response, incoming.headers.authorization === undefined ? 401 : 404, 'RepoNotFound');
  });

  return {
    url: `http://127.0.0.1:${portOf(hub)}`,
    get commit() {
      return state.commit;
    },
    files,
    push: (path, content) => {
      files.set(path, Buffer.from(content));
      state.commit = createHash('sha1').update(`${state.commit} ${path} ${content}`).digest('hex');
    },
    requests,
    close: async () => {
      for (const server of [hub, storage]) {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      }
    },
  };
}

async function listen(host: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Every file and folder of the repository, sorted by path. */
function treeEntries({ files, listedOnly = [] }: Pick<FakeHubOptions, 'files' | 'listedOnly'>): TreeEntry[] {
  const entries = new Map<string, TreeEntry>();
  const add = (path: string, size: number, oid: string, sha256?: string): void => {
    const lfs = sha256 === undefined ? {} : { lfs: { oid: sha256, size, pointerSize: 134 } };
    entries.set(path, { type: 'file', path, size, oid, ...lfs });
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (entries.has(folder)) return;
      entries.set(folder, { type: 'directory', path: folder, size: 0, oid: '0'.repeat(40) });
    }
  };
  for (const [path, content] of files) {
    const blob = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    add(path, content.length, blob, LARGE_FILE.test(path) ? sha256Of(content) : undefined);
  }
  for (const { path, size, sha256 } of listedOnly) add(path, size, '0'.repeat(40), sha256);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function sendTree(
  entries: readonly TreeEntry[],
  folder: string,
  url: URL,
  pageSize: number,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const isRecursive = url.searchParams.get('recursive') === 'true';
  const within = entries.filter(
    ({ path }) => path.startsWith(prefix) && (isRecursive || !path.slice(prefix.length).includes('/')),
  );
  if (within.length === 0 && folder !== '') return sendError(response, 404, 'EntryNotFound');
  const start = Number(url.searchParams.get('cursor') ?? 0);
  if (start + pageSize < within.length) {
    url.searchParams.set('cursor', String(start + pageSize));
    response.setHeader('link', `<${url.href}>; rel="next"`);
  }
  response.setHeader('content-type', 'application/json');
  await sendBody(Buffer.from(JSON.stringify(within.slice(start, start + pageSize))), response, fault);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function sendError(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-error-code': code });
  response.end(JSON.stringify({ error: code }));
}

async function sendFile(
  content: Buffer | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (content === undefined) return sendError(response, 404, 'EntryNotFound');
  response.setHeader('etag', `"${sha256Of(content)}"`);
  const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1] ?? Number.NaN);
  if (fault?.kind === 'no range' || Number.isNaN(start)) return sendBody(content, response, fault);
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  response.statusCode = 206;
  response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
  await sendBody(content.subarray(start), response, fault);
}

/** Sends an answer's body whole, or as the fault says. */
async function sendBody(body: Buffer, response: ServerResponse, fault: Fault | undefined): Promise<void> {
  switch (fault?.kind) {
    case 'status':
      response.removeHeader('content-range');
      response.writeHead(fault.status, fault.headers).end();
      return;
    case 'cut':
    case 'silence':
      response.setHeader('content-length', body.length);
      response.flushHeaders();
      await new Promise((written) => response.write(body.subarray(0, fault.after), written));
      if (fault.kind === 'cut') response.destroy();
      return;
    case 'short':
      response.setHeader('content-length', Math.min(fault.after, body.length));
      response.end(body.subarray(0, fault.after));
      return;
    case 'corrupt': {
      const changed = Buffer.from(body);
      changed[0] = (changed[0] ?? 0) ^ 1;
      response.setHeader('content-length', changed.length);
      response.end(changed);
      return;
    }
    case 'trickle':
      response.setHeader('content-length', body.length);
      for (let start = 0; start < body.length && !response.destroyed; start += fault.bytes) {
        response.write(body.subarray(start, start + fault.bytes));
        await sleep(fault.milliseconds);
      }
      response.end();
      return;
    default:
      response.setHeader('content-length', body.length);
      response.end(body);
  }
}
