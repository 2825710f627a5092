/** @file Damage to HTTP requests: to the JSON of the body, with its length made to fit, to the head, and to the bytes of both. */

import type { Choice } from '../choice.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/json.ts';
import type { Mutate } from '../target.ts';

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'PRI', 'get', ''];
const PATHS = [
  ...['/', '/health', '/v1/models', '/v1/completions', '/v1/completions/', '/v1/../health', '/app/events', '*', ''],
  ...[
    '/%00',
    '/%',
    '/%2e%2e/%2e%2e/package.json',
    '/../../package.json',
    '//evil.example/',
    'http://evil.example/health',
  ],
  ...['/assets/', '/index.html?x=%ff', '/app/events?from=ffffffffffff-0,0-0', '/app/events?from=-1', '/\\..\\..', '/é'],
];
const HEADERS = [
  ...['Content-Length: -1', 'Content-Length: 99999999999999999999', 'Content-Length: 0', 'Content-Length: 10, 11'],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: identity',
    'Expect: 100-continue',
  ],
  ...[
    'Content-Type: text/plain',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: multipart/form-data',
  ],
  ...[
    'Content-Type: application/json; charset=utf-16',
    'Content-Type: ',
    'Content-Encoding: gzip',
    'Connection: keep-alive',
  ],
  ...[
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Host: evil.example',
    'Host: ',
    'Host: [::1',
    'Host: a b',
  ],
  ...['Origin: https://evil.example', 'Origin: null', 'Sec-Fetch-Site: cross-site', 'Referer: https://evil.example/'],
  ...['Range: bytes=0-18446744073709551615', 'Accept-Encoding: gzip, br', 'Last-Event-ID: 10-0', 'If-None-Match: *'],
  ...[
    'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
    'Cookie: a=b',
    ' folded: x',
    'no colon',
    ': empty',
    'Nul: \0',
    'Bell: \x07',
  ],
];
const MAX_HEADERS = 5000;
const MAX_HEADER_LENGTH = 200_000;
const MAX_ITEMS = 500_000;

export const mutateRequest: Mutate = (input, choice, others) => {
  const end = input.indexOf('\r\n\r\n');
  if (end < 0 || choice.once(8)) return mutateBytes(input, choice, others);
  if (choice.once(20)) return Buffer.concat([input, choice.oneOf(others)]);
  const head = input.toString('latin1', 0, end).split('\r\n');
  const body = input.subarray(end + 4);
  if (body.length === 0 || choice.once(3)) return join(mutateHead(head, choice), body);
  if (/^transfer-encoding: chunked$/im.test(head.join('\n'))) return join(head, mutateBytes(body, choice, others));
  const changed = Buffer.from(
    choice.once(12) ? withManyItems(body.toString(), choice) : mutateText(body.toString(), choice),
  );
  const fitted = head.map((line) => (/^content-length:/i.test(line) ? `Content-Length: ${changed.length}` : line));
  return join(fitted, changed);
};

function join(head: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function mutateHead([start = '', ...headers]: readonly string[], choice: Choice): string[] {
  const [method = '', path = '', version = ''] = start.split(' ');
  const at = choice.below(headers.length + 1);
  const header = (): string => choice.oneOf(HEADERS);
  switch (choice.below(9)) {
    case 0:
      return [`${choice.oneOf(METHODS)} ${path} ${version}`, ...headers];
    case 1:
      return [`${method} ${choice.oneOf(PATHS)} ${version}`, ...headers];
    case 2:
      return [`${method} ${path} ${choice.oneOf(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.1 ', ''])}`, ...headers];
    case 3:
      return [start, ...headers.filter((_, place) => place !== at)];
    case 4:
      return [
        start,
        ...headers,
        ...Array.from({ length: choice.length(MAX_HEADERS) }, (_, number) => `X-${number}: ${number}`),
      ];
    case 5:
      return [start, ...headers, `X-Long: ${'a'.repeat(choice.length(MAX_HEADER_LENGTH))}`];
    case 6:
      return [`${method} ${path}?${'a'.repeat(choice.length(MAX_HEADER_LENGTH))} ${version}`, ...headers];
    case 7: {
      // another value of a header that is there
      const replaced = header();
      const name = replaced.slice(0, replaced.indexOf(':') + 1).toLowerCase();
      return [start, ...headers.filter((line) => name === '' || !line.toLowerCase().startsWith(name)), replaced];
    }
    default:
      return [start, ...headers.slice(0, at), header(), ...headers.slice(at)];
  }
}

/** A body in which a list has very many items, good or bad. */
function withManyItems(body: string, choice: Choice): string {
  const item = choice.oneOf([
    '-1',
    '0',
    '50256',
    '50257',
    '""',
    '"a"',
    '[]',
    '[0]',
    '[-1]',
    'null',
    '1e999',
    '{}',
    '"fox "',
  ]);
  const items = Array(choice.length(MAX_ITEMS)).fill(item).join(',');
  const lists = [...body.matchAll(/\[[^[\]]*\]|"prompt":\s*"[^"]*"/g)];
  if (lists.length === 0) return `{"prompt":[${items}]}`;
  const { index, 0: list } = choice.oneOf(lists);
  const key = list.startsWith('[') ? '' : '"prompt":';
  return `${body.slice(0, index)}${key}[${items}]${body.slice(index + list.length)}`;
}
