/** @file A server of one file which may know no ranges, or break off. */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FileServer {
  readonly url: string;
  /** The `Range` header of each request, in order. */
  readonly ranges: (string | undefined)[];
  /** What the server does; may be changed between requests. */
  behaviour: {
    readonly knowsRanges: boolean;
    readonly version: string;
    /** Breaks the connection once so many bytes of an answer are sent. */
    readonly cutAfter?: number;
    readonly status?: number;
  };
}

/** Serves `file` till the test ends. */
export async function serveFile(file: Uint8Array): Promise<FileServer> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const { knowsRanges, version, cutAfter = Number.POSITIVE_INFINITY, status } = served.behaviour;
    if (status !== undefined) return response.writeHead(status).end();
    const range = knowsRanges ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') : null;
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(Number(range?.[2] ?? file.length - 1) + 1, file.length);
    response.writeHead(range ? 206 : 200, {
      etag: version,
      'content-length': end - start,
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${file.length}` }),
    });
    if (end - start <= cutAfter) return response.end(file.subarray(start, end));
    breakOff(response, file.subarray(start, start + cutAfter));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
  const served: FileServer = { url, ranges, behaviour: { knowsRanges: true, version: '"1"' } };
  return served;
}

function breakOff(response: ServerResponse, sent: Uint8Array): void {
  response.write(sent, () => response.destroy());
}
