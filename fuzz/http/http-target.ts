/** @file A target whose input is what a client sends to a server, followed now and then by a request whose answer is known. */

import { UserError } from '#minillm/support/errors.js';
import { FuzzFailure, type Target } from '../target.ts';
import { exchange, parseAnswer } from './exchange.ts';
import { mutateRequest } from './mutate-request.ts';
import { ServerProcess } from './server-process.ts';

export interface HttpTarget {
  readonly name: string;
  /** Makes what is served and returns the arguments of `minillm`. */
  prepare(folder: string): Promise<readonly string[]>;
  /** Requests; the first is the one that is asked again and again. */
  readonly requests: readonly string[];
  /** What of the body of the first one's answer is always the same. */
  constant(body: string): string;
}

/** Inputs between two requests whose answer is known. */
const CHECK_EVERY = 16;
/** Memory that a server may have taken at any time beside what it takes when idle. */
const MAX_GAINED_BYTES = 200e6;

export function httpTarget({ name, prepare, requests, constant }: HttpTarget): Target {
  return {
    name,
    kind: 'request',
    mutate: mutateRequest,
    seeds: async () => requests.map((request) => Buffer.from(request)),
    async open(folder) {
      const args = await prepare(folder);
      const known = Buffer.from(requests[0] ?? '');
      const warm = async (server: ServerProcess): Promise<{ answer: string; idleBytes: number }> => {
        for (const request of requests) await exchange(server, Buffer.from(request));
        const answer = constant(parseAnswer(await exchange(server, known, true))?.body ?? '');
        return { answer, idleBytes: server.usage.residentBytes };
      };
      let server = await ServerProcess.start(args);
      let { answer: expected, idleBytes } = await warm(server);
      let inputs = 0;

      /** Sends an input and looks at answer, log, process and memory. */
      const send = async (input: Buffer): Promise<void> => {
        const answer = parseAnswer(await exchange(server, input));
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
        if (answer === undefined) throw new UserError('closed without an answer');
        if (answer.status >= 500 && answer.status !== 503)
          throw new FuzzFailure(`answered ${answer.status}: ${inOneLine(answer.body)}`);
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

function inOneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' | ')
    .slice(0, 500);
}
