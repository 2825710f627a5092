/** @file A target whose input is what a client sends to a server, followed now and then by a request whose answer is known. */

import { fileURLToPath } from 'node:url';
import { UserError } from '#minillm/support/errors.js';
import { FuzzFailure, type Mutate, type Target } from '../target.ts';
import { exchange, parseAnswer } from './exchange.ts';
import { mutateRequest } from './mutate-request.ts';
import { parseScript, type Step } from './script.ts';
import { ServerProcess } from './server-process.ts';

export interface HttpTarget {
  readonly name: string;
  readonly share?: number;
  /** Makes what is served and returns the arguments of `minillm`. */
  prepare(folder: string): Promise<readonly string[]>;
  /** Requests; the first is the one that is asked again and again. */
  readonly requests: readonly string[];
  /** What clients do at their sockets, where that is the input; else it is bytes that begin as requests. */
  readonly scripts?: { readonly seeds: readonly Buffer[]; readonly mutate: Mutate };
  /** What of the body of the first one's answer is always the same. */
  constant(body: string): string;
}

/** What tells of places in the program: where it is installed, lines of a stack. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PLACES = /^\s*at .+:\d+:\d+\)?$|node:internal|node_modules|file:\/\//m;

/** Inputs between two requests whose answer is known. */
const CHECK_EVERY = 16;
/** Memory that a server may have taken at any time beside what it takes when idle. */
const MAX_GAINED_BYTES = 200e6;

export function httpTarget({ name, share = 1, prepare, requests, scripts, constant }: HttpTarget): Target {
  const steps = (input: Buffer): readonly Step[] => (scripts ? parseScript(input) : bytesAtOnce(input));
  return {
    name,
    kind: 'request',
    share,
    mutate: scripts?.mutate ?? mutateRequest,
    seeds: async () => scripts?.seeds ?? requests.map((request) => Buffer.from(request)),
    async open(folder) {
      const args = await prepare(folder);
      const known = bytesAtOnce(Buffer.from(requests[0] ?? ''));
      const warm = async (server: ServerProcess): Promise<{ answer: string; idleBytes: number }> => {
        for (const request of requests) await exchange(server, bytesAtOnce(Buffer.from(request)));
        const answer = constant(parseAnswer(await exchange(server, known, true))?.body ?? '');
        return { answer, idleBytes: server.usage.residentBytes };
      };
      let server = await ServerProcess.start(args);
      let { answer: expected, idleBytes } = await warm(server);
      let inputs = 0;

      /** Sends an input and looks at answer, log, process and memory. */
      const send = async (input: Buffer): Promise<void> => {
        const received = await exchange(server, steps(input));
        const answer = parseAnswer(received);
        if (inputs++ % CHECK_EVERY === 0) {
          const found = constant(parseAnswer(await exchange(server, known, true))?.body ?? '');
          if (found !== expected && !server.hasEnded)
            throw new FuzzFailure(
              `a good request was answered with ${found.slice(0, 200)} instead of ${expected.slice(0, 200)}`,
            );
        }
        const log = server.takeLog();
        if (server.hasEnded) throw new FuzzFailure(`crash: the server ended: ${inOneLine(log)}`);
        if (/^\s+at /m.test(log)) throw new FuzzFailure(`a stack trace in the log: ${inOneLine(log)}`);
        const gained = server.usage.peakBytes - idleBytes;
        if (gained > MAX_GAINED_BYTES)
          throw new FuzzFailure(`over memory: the server took ${Math.round(gained / 1e6)} MB more than when idle`);
        const text = received.toString('latin1');
        const place = text.includes(ROOT) ? text.indexOf(ROOT) : text.search(PLACES);
        if (place >= 0) throw new FuzzFailure(`a place in the program in an answer: ${inOneLine(text.slice(place))}`);
        // behind the first may be those of further requests
        const [failed] = [...text.matchAll(/^HTTP\/1\.1 (5\d\d)/gm)].filter(([, status]) => status !== '503');
        if (failed) throw new FuzzFailure(`answered ${inOneLine(text.slice(failed.index))}`);
        if (answer === undefined) throw new UserError('closed without an answer');
        if (answer.status >= 400) throw new UserError(`answered ${answer.status}: ${answer.body.slice(0, 200)}`);
      };

      return {
        async run(input) {
          try {
            await send(input);
          } catch (cause) {
            if (cause instanceof UserError) throw cause;
            // whatever is left of it must not be blamed on the next
            await server.stop();
            server = await ServerProcess.start(args);
            ({ answer: expected, idleBytes } = await warm(server));
            throw cause;
          }
        },
        memory: () => server.usage,
        close: () => server.stop(),
      };
    },
  };
}

const bytesAtOnce = (bytes: Buffer): readonly Step[] => [{ send: bytes.toString('latin1') }];

function inOneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' | ')
    .slice(0, 500);
}
