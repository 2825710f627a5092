/** @file A server of one file which may know no ranges, break off, or fall silent. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a server does; may be changed between requests. */
export interface FileBehaviour {
  knowsRanges: boolean;
  version: string;
  /** So many of the next answers break off, or fall silent, once `breakAfter` bytes are sent. */
  breaks: number;
  breakAfter: number;
  isSilent: boolean;
  /** Instead of the file. */
  status: number | undefined;
}

export const faultless = (): FileBehaviour => ({
  ...{ knowsRanges: true, version: '"1"', breaks: 0, breakAfter: 0, isSilent: false, status: undefined },
});

export interface FileServer {
  readonly url: string;
  /** The `Range` header of each request, in order. */
  readonly ranges: (string | undefined)[];
  readonly behaviour: FileBehaviour;
}

/** Serves `file` till the test ends. */
export async function serveFile(file: Uint8Array): Promise<FileServer> {
  const ranges: (string | undefined)[] = [];
  const behaviour = faultless();
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answerFile(request, response, file, behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
  return { url, ranges, behaviour };
}

/** Answers with `file`, or the part of it that is asked for. */
export function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
  behaviour: FileBehaviour,
): void {
  const { knowsRanges, version, breakAfter, isSilent, status } = behaviour;
  if (status !== undefined) {
    response.writeHead(status).end();
    return;
  }
  const range = knowsRanges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null;
  const start = Number(range?.[1] ?? 0);
  response.writeHead(range ? 206 : 200, {
    etag: version,
    'content-length': file.length - start,
    ...(range && { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
  });
  if (behaviour.breaks === 0) {
    response.end(file.subarray(start));
    return;
  }
  behaviour.breaks--;
  response.write(file.subarray(start, start + breakAfter), () => {
    if (!isSilent) response.destroy();
  });
}
