/**
 * @file Damage to what a client does at its socket: requests in pieces, cut off or one behind the other, bodies that are longer
 * or shorter than they say, chunks that are none, lines that end otherwise, clients that leave, wait or do not listen.
 */

import type { Choice } from '../choice.ts';
import type { Mutate } from '../target.ts';
import { mutateRequest } from './mutate-request.ts';
import { formatScript, MAX_PAUSE_MILLISECONDS, parseScript, type Step } from './script.ts';

const LENGTHS = ['0', '1', '+5', '-1', '5, 5', '0x10', '1e3', ' 7 ', '007', '99999999', '18446744073709551616', ''];
const LENGTH = /^content-length:.*$/im;
/** Chunk sizes and what may stand around them, good and bad (RFC 9112, 7.1). */
const CHUNKS = [
  ...[
    '0\r\n\r\n',
    '1\r\na\r\n0\r\n\r\n',
    '1\r\nab\r\n',
    '5\r\nabc',
    '-1\r\n\r\n',
    '\r\n0\r\n\r\n',
    'g\r\n',
    '0x1\r\na\r\n',
  ],
  ...[
    'ffffffffffffffff\r\na\r\n',
    '7fffffff\r\na\r\n',
    '1;a=b\r\na\r\n0\r\n\r\n',
    '1;\r\na\r\n0\r\n\r\n',
    '1 \r\na\r\n',
  ],
  ...[
    '0\r\nX: y\r\n\r\n',
    '0\r\nContent-Length: 5\r\n\r\n',
    '0\r\n\r\n0\r\n\r\n',
    '1\na\n0\n\n',
    '01\r\na\r\n000\r\n\r\n',
  ],
  ...[`1;${'a'.repeat(20_000)}\r\na\r\n0\r\n\r\n`, `0\r\n${'X: y\r\n'.repeat(3000)}\r\n`, '1\r\na\r\n'.repeat(3000)],
];
const CODINGS = [
  ...[
    'chunked',
    'Chunked',
    'chunked, chunked',
    'identity',
    'gzip, chunked',
    'chunked, identity',
    '\tchunked',
    'xchunked',
  ],
  ...['chunked\r\nContent-Length: 4', 'chunked\r\nTransfer-Encoding: identity', '"chunked"', ''],
];
const EXPECTATIONS = ['100-continue', '100-Continue', '200-ok', '', '100-continue, 100-continue'];
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\r\n ', '\n\r\n', '', '\0\r\n'];
const MAX_PIECES = 20;
const MAX_PIPELINED = 60;

export const mutateScript: Mutate = (input, choice, others) => {
  const steps = [...parseScript(input)];
  const at = choice.below(steps.length + 1);
  const sends = steps.flatMap((step, index) => ('send' in step ? [index] : []));
  const sent = choice.oneOf(sends.length > 0 ? sends : [0]);
  const step = steps[sent];
  const text = step !== undefined && 'send' in step ? step.send : '';
  const replace = (...instead: readonly Step[]): Buffer => formatScript(steps.toSpliced(sent, 1, ...instead));
  switch (choice.below(9)) {
    case 0:
      return replace(...inPieces(text, choice));
    case 1: {
      const begun = { send: text.slice(0, choice.below(text.length)) };
      return formatScript([...steps.slice(0, sent), begun, ...(choice.once(3) ? [] : [leaving(choice)])]);
    }
    case 2:
      return formatScript(steps.toSpliced(at, 0, interlude(choice)));
    case 3:
      return replace(...Array<Step>(choice.length(MAX_PIPELINED)).fill({ send: keptAlive(text) }));
    case 4:
      return formatScript([...steps.slice(0, at), ...parseScript(choice.oneOf(others)), ...steps.slice(at)]);
    case 5:
      return replace({ send: withLength(text, choice) });
    case 6:
      return replace({ send: withChunks(text, choice) });
    case 7:
      return replace({ send: withLineEnd(text, choice) });
    default: {
      const requests = others
        .flatMap((other) => parseScript(other))
        .flatMap((each) => ('send' in each ? [each.send] : []));
      const bytes = mutateRequest(
        Buffer.from(text, 'latin1'),
        choice,
        requests.map((each) => Buffer.from(each, 'latin1')),
      );
      return replace({ send: bytes.toString('latin1') });
    }
  }
};

function inPieces(text: string, choice: Choice): Step[] {
  const pieces: Step[] = [];
  const count = 2 + choice.length(MAX_PIECES);
  let start = 0;
  for (let piece = 1; piece < count && start < text.length; piece++) {
    const end = start + 1 + choice.below(Math.ceil((2 * text.length) / count));
    pieces.push({ send: text.slice(start, end) });
    if (choice.once(4)) pieces.push({ pause: 1 + choice.below(MAX_PAUSE_MILLISECONDS) });
    start = end;
  }
  return [...pieces, { send: text.slice(start) }];
}

const leaving = (choice: Choice): Step => (choice.once(2) ? { end: true } : { reset: true });

function interlude(choice: Choice): Step {
  const milliseconds = 1 + choice.below(MAX_PAUSE_MILLISECONDS);
  return choice.oneOf<Step>([
    { end: true },
    { reset: true },
    { pause: milliseconds },
    { deaf: milliseconds },
    { await: 'HTTP/1.1 100' },
    { await: '\r\n\r\n' },
    { send: '\r\n' },
    { send: choice.bytes(1 + choice.below(8)).toString('latin1') },
  ]);
}

/** A request after which another may come over the same connection. */
const keptAlive = (text: string): string => text.replace(/^connection: close\r\n/im, '');

/** Another length than the body has, or an expectation before it comes. */
function withLength(text: string, choice: Choice): string {
  const said = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
  switch (choice.below(4)) {
    case 0:
      return text.replace(LENGTH, `Content-Length: ${Math.max(0, said + choice.below(21) - 10)}`);
    case 1:
      return text.replace(LENGTH, `Content-Length: ${choice.oneOf(LENGTHS)}`);
    case 2:
      return text.replace(LENGTH, (line) => `${line}\r\nContent-Length: ${choice.oneOf([String(said), ...LENGTHS])}`);
    default:
      return text.replace(/^host:/im, `Expect: ${choice.oneOf(EXPECTATIONS)}\r\nHost:`);
  }
}

function withChunks(text: string, choice: Choice): string {
  const end = text.indexOf('\r\n\r\n');
  const head = text
    .slice(0, end)
    .replace(LENGTH, '')
    .replace(/\r\n\r\n/g, '\r\n');
  const body = text.slice(end + 4);
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
  const chunks = choice.oneOf([choice.oneOf(CHUNKS), chunk + choice.oneOf(CHUNKS), `${chunk}0\r\n\r\n`]);
  return `${head.trimEnd()}\r\nTransfer-Encoding: ${choice.oneOf(choice.once(2) ? ['chunked'] : CODINGS)}\r\n\r\n${chunks}`;
}

/** One line of the head ends as none may. */
function withLineEnd(text: string, choice: Choice): string {
  const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
  const at = ends.length > 0 ? choice.oneOf(ends) : 0;
  return text.slice(0, at) + choice.oneOf(LINE_ENDS) + text.slice(at + 2);
}
