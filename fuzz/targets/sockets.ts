/** @file The completions API at the level of its sockets: what comes in pieces, late, twice, half or never. */

import { httpTarget } from '../http/http-target.ts';
import { mutateScript } from '../http/mutate-script.ts';
import { formatScript, type Step } from '../http/script.ts';

const KEPT = 'Host: localhost\r\nContent-Type: application/json\r\n';
const CLOSED = `${KEPT}Connection: close\r\n`;
const HEALTH = 'GET /health HTTP/1.1\r\nHost: localhost\r\n';
const BODY = '{"prompt": [7454, 2402], "max_tokens": 3, "temperature": 0}';
const STREAM = '{"prompt": [7454, 2402], "max_tokens": 12, "n": 2, "stream": true, "logprobs": 20}';

const post = (body: string, head = CLOSED): string =>
  `POST /v1/completions HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
const half = Math.floor(BODY.length / 2);
const head = post(BODY).slice(0, -BODY.length);
const asChunk = (text: string, extension = ''): string => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
const chunkedHead = `POST /v1/completions HTTP/1.1\r\n${CLOSED}Transfer-Encoding: chunked\r\n\r\n`;

const SCRIPTS: readonly (readonly Step[])[] = [
  [{ send: post(BODY) }],
  [{ send: head.slice(0, 20) }, { pause: 5 }, { send: head.slice(20) }, { pause: 5 }, { send: BODY }],
  [{ send: head }, ...Array.from(BODY, (character) => ({ send: character }))],
  [{ send: `${HEALTH}\r\n` }, { send: post(BODY, KEPT) }, { send: `${HEALTH}Connection: close\r\n\r\n` }],
  [{ send: `${`${HEALTH}\r\n`.repeat(30)}${HEALTH}Connection: close\r\n\r\n` }],
  [
    { send: post(BODY, `${CLOSED}Expect: 100-continue\r\n`).slice(0, -BODY.length) },
    { await: ' 100 ' },
    { send: BODY },
  ],
  [
    { send: chunkedHead + asChunk(BODY.slice(0, half), ';a="b"') },
    { send: `${asChunk(BODY.slice(half))}0\r\nX: y\r\n\r\n` },
  ],
  [{ send: post(STREAM) }, { deaf: 20 }, { pause: 10 }],
  [{ send: post(STREAM, KEPT) }, { await: 'data: ' }, { send: `${HEALTH}Connection: close\r\n\r\n` }],
  [{ send: 'GET /health HTTP/1.0\r\n\r\n' }],
  [{ send: 'GET http://localhost/v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' }],
  [{ send: `\r\n\r\n${HEALTH}Connection: close\r\n\r\n` }],
];

export const target = httpTarget({
  name: 'sockets',
  share: 2,
  prepare: async () => ['serve', '--checkpoint', 'untrained:tiny', '--port', '0', '--threads', '1'],
  requests: [post(BODY)],
  scripts: { seeds: SCRIPTS.map(formatScript), mutate: mutateScript },
  constant: (body) => JSON.stringify((JSON.parse(body || '{}') as { choices?: unknown }).choices ?? body),
});
