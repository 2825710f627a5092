/** @file A server of one file which may know no ranges, break off, or fall silent. */

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
    /** Breaks the connection of so many answers, or says nothing more in them, once `breakAfter` bytes are sent. */
    readonly breaks?: number;
    readonly breakAfter?: number;
    readonly isSilent?: boolean;
    readonly status?: number;
  };
}

/** Serves `file` till the test ends. */
export async function serveFile(file: Uint8Array): Promise<FileServer> {
  const ranges: (string | undefined)[] = [];
  let broken = 0;
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const { knowsRanges, version, breaks = 0, breakAfter = 0, isSilent, status } = served.behaviour;
    if (status !== undefined) return response.writeHead(status).end();
    const range = knowsRanges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null;
    const start = Number(range?.[1] ?? 0);
    response.writeHead(range ? 206 : 200, {
      etag: version,
      'content-length': file.length - start,
      ...(range && { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
    });
    if (broken++ >= breaks) return response.end(file.subarray(start));
    const sent = file.subarray(start, start + breakAfter);
    if (isSilent) response.write(sent);
    else breakOff(response, sent);
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
