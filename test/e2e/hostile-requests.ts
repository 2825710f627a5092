/** @file What one would send to a completions server to stop it, and what it must answer. */

import { request } from 'node:http';
import { connect } from 'node:net';

/** A request that is to be refused, as the bytes that a client sends. */
interface HostileRequest {
  readonly name: string;
  /** Pieces that are sent one after the other, as fast as they are taken. */
  readonly pieces: readonly (string | Buffer)[];
  /** The status of the answer. */
  readonly status: number;
  /** In the answer. */
  readonly says: RegExp;
}

const PATH = '/v1/completions';

function post(body: string | Buffer, headers: Readonly<Record<string, string>> = {}, path = PATH): (string | Buffer)[] {
  const all = { host: '127.0.0.1', 'content-type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return [`POST ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`, body];
}

function chunked(...chunks: readonly string[]): string[] {
  const head = `POST ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
  return [head, ...chunks];
}

const asChunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const WORK = '{"prompt":"a","max_tokens":1}';

/** @param contextLength of the model that is served */
export function hostileRequests(contextLength: number): readonly HostileRequest[] {
  const tokens = 64 * contextLength;
  const bodyBytes = 8 * tokens;
  const filled = (piece: string): string => piece.repeat(Math.floor(bodyBytes / piece.length));
  const longest = Array.from({ length: contextLength - 1 }, (_, index) => index);
  const many = { prompt: Array(32).fill(longest), n: 128, max_tokens: 1, logprobs: 20, echo: true };
  const manyIds = `{"prompt":[[${longest.join()}],[${longest.join()}]],"n":128,"max_tokens":1,"logprobs":20,"echo":true}`;
  return [
    {
      name: 'ids that are none',
      pieces: post(`{"prompt":[${'-1,'.repeat(tokens)}-1]}`),
      status: 400,
      says: /prompt\.0: .*-1/,
    },
    {
      name: 'a long body',
      pieces: post(`{"prompt":[${'-1,'.repeat(3e5)}-1]}`),
      status: 413,
      says: /at most \d+ bytes/,
    },
    {
      name: 'a long body in chunks',
      pieces: chunked(...Array<string>(20).fill(asChunk('-1,'.repeat(2e4)))),
      status: 413,
      says: /at most \d+ bytes/,
    },
    { name: 'many choices', pieces: post(manyIds), status: 400, says: /at most \d+ tokens read and written/ },
    {
      name: 'many choices of many prompts',
      pieces: post(JSON.stringify(many)),
      status: 400,
      says: /at most \d+ tokens/,
    },
    { name: 'deep lists', pieces: post(`{"prompt":${filled('[')}}`), status: 400, says: /16 deep/ },
    { name: 'many lists', pieces: post(`{"prompt":[${filled('[],')}[]]}`), status: 400, says: /lists/ },
    {
      name: 'many texts',
      pieces: post(`{"prompt":[${'"",'.repeat(tokens)}""]}`),
      status: 400,
      says: /at most 4096 prompts/,
    },
    {
      name: 'many stops',
      pieces: post(`{"prompt":"a","stop":[${'1,'.repeat(tokens)}1]}`),
      status: 400,
      says: /at most 64 texts/,
    },
    { name: 'a field many times', pieces: post(`{${filled('"n":1,')}"prompt":"a"}`), status: 400, says: /1000 fields/ },
    { name: 'a large number', pieces: post(`{"prompt":[${filled('9')}]}`), status: 400, says: /found (Infinity|1e)/ },
    { name: 'a long text', pieces: post(`{"prompt":"${filled('a')}"}`), status: 400, says: /maximum context length/ },
    { name: 'half a surrogate pair', pieces: post('{"prompt":"\\ud800"}'), status: 400, says: /surrogate/ },
    {
      name: 'no UTF-8',
      pieces: post(Buffer.concat([Buffer.from('{"prompt":"'), Buffer.of(0xff, 0xc3), Buffer.from('"}')])),
      status: 400,
      says: /UTF-8/,
    },
    {
      name: 'text/plain',
      pieces: post(WORK, { 'content-type': 'text/plain' }),
      status: 415,
      says: /application\/json/,
    },
    {
      name: 'another origin',
      pieces: post(WORK, { 'content-type': 'text/plain', origin: 'https://example.com' }),
      status: 403,
      says: /of other sites/,
    },
    { name: 'no origin', pieces: post(WORK, { origin: 'null' }), status: 403, says: /of other sites/ },
    {
      name: 'another site',
      pieces: post(WORK, { 'sec-fetch-site': 'same-site' }),
      status: 403,
      says: /of other sites/,
    },
    {
      name: 'another host',
      pieces: post(WORK, { host: 'example.com' }),
      status: 403,
      says: /does not answer to that name/,
    },
    {
      name: 'a model by a path',
      pieces: post(WORK.replace('{', '{"model":"untrained:tiny@../../etc/passwd",')),
      status: 404,
      says: /does not exist/,
    },
    {
      name: 'a long model',
      pieces: post(WORK.replace('{', `{"model":"${'a'.repeat(60_000)}",`)),
      status: 404,
      says: /[^a]a{100}\\" does not exist/,
    },
    {
      name: 'many biases',
      pieces: post(`{"prompt":"a","logit_bias":{${Array.from({ length: 900 }, (_, id) => `"${id}":1`).join()}}}`),
      status: 400,
      says: /at most 300 tokens/,
    },
    {
      name: 'a long text to tokenize',
      pieces: post(`{"prompt":"${'a'.repeat(33 * contextLength)}"}`, {}, '/tokenize'),
      status: 400,
      says: /allows a text prompt of/,
    },
    {
      name: 'ids that are none to detokenize',
      pieces: post(`{"tokens":[${'-1,'.repeat(tokens - 1)}-1]}`, {}, '/detokenize'),
      status: 400,
      says: /tokens\.0: .*-1/,
    },
    {
      name: 'tokenize from another origin',
      pieces: post('{"prompt":"a"}', { origin: 'https://example.com' }, '/tokenize'),
      status: 403,
      says: /of other sites/,
    },
    { name: 'chunks that are none', pieces: chunked('zz\r\nhello\r\n'), status: 400, says: /^/ },
    { name: 'no HTTP', pieces: ['\x16\x03\x01\x02\r\n\r\n'], status: 400, says: /^/ },
    {
      name: 'long headers',
      pieces: [`GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`],
      status: 431,
      says: /^/,
    },
  ];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends bytes, and reads until the connection is closed or an answer is whole; 0 is the status of none. */
export function send(port: number, pieces: readonly (string | Buffer)[]): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const end = (): void => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
    };
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      text += data;
      const [head = '', ...body] = text.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (length !== undefined && body.join('').length >= Number(length)) end();
    });
    socket.on('error', end).on('close', end);
    for (const piece of pieces) socket.write(piece);
  });
}

/** Asks for a completion as a program does that keeps no connection. */
export function complete(port: number, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(
      { host: '127.0.0.1', port, method: 'POST', path: PATH, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (data: string) => {
          text += data;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}
