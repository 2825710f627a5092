/** @file One request of a crowd's client, and what became of it. */

import { type IncomingMessage, request } from 'node:http';

/** How a client behaves once its answer comes. */
export type Manner = 'reads' | 'dawdles' | 'leaves';

export interface Errand {
  readonly path: string;
  readonly body: object;
  readonly manner: Manner;
}

/** What became of a request. `wrong`: what must not happen, in words. */
export type Outcome =
  | { readonly kind: 'answered' | 'refused' | 'left'; readonly pieces: number; readonly milliseconds: number }
  | { readonly kind: 'wrong'; readonly said: string };

/** Pieces of a stream after which a client leaves. */
const PIECES_BEFORE_LEAVING = 3;
/** How long a slow client takes nothing of its answer, several times. */
const DAWDLING_MILLISECONDS = 20;
const DAWDLES = 5;
/** Without a byte for so long a request is stuck: a stream has a ping every 15 s. */
const STUCK_MILLISECONDS = 120_000;

/** Sends a request over a connection of its own. */
export function run(url: string, { path, body, manner }: Errand): Promise<Outcome> {
  return new Promise((resolve) => {
    const start = performance.now();
    const headers = { 'content-type': 'application/json' };
    const asked = request(new URL(path, url), { method: 'POST', headers, agent: false });
    let text = '';
    const pieces = (): number => text.split('\ndata: ').length - 1;
    const end = (kind: 'answered' | 'refused' | 'left'): void => {
      resolve({ kind, pieces: pieces(), milliseconds: performance.now() - start });
      asked.destroy();
    };
    const wrong = (said: string): void => {
      resolve({ kind: 'wrong', said });
      asked.destroy();
    };
    asked.setTimeout(STUCK_MILLISECONDS, () => wrong(`stuck after ${JSON.stringify(text.slice(-100))}`));
    asked.on('error', (error) => wrong(error.message));
    asked.on('response', (response) => {
      let dawdles = manner === 'dawdles' ? DAWDLES : 0;
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (manner === 'leaves' && response.statusCode === 200 && pieces() >= PIECES_BEFORE_LEAVING) end('left');
        else if (dawdles-- > 0) {
          response.pause();
          setTimeout(() => response.resume(), DAWDLING_MILLISECONDS);
        }
      });
      response.on('error', (error) => wrong(`cut off after ${text.length} characters: ${error.message}`));
      response.on('end', () => {
        const said = problemOf(response, text);
        if (said !== undefined) wrong(said);
        else end(response.statusCode === 200 ? 'answered' : 'refused');
      });
    });
    asked.end(JSON.stringify(body));
  });
}

/** Why an answer is neither whole nor a clear refusal. */
function problemOf({ statusCode = 0, headers }: IncomingMessage, text: string): string | undefined {
  try {
    if (statusCode === 200) {
      if (!headers['content-type']?.startsWith('text/event-stream')) return void JSON.parse(text);
      return text.endsWith('\n\ndata: [DONE]\n\n') ? undefined : `a stream without its end: ${text.slice(-200)}`;
    }
    const { error } = JSON.parse(text) as { error: { code: string } };
    const isClear = [429, 503].includes(statusCode) && Number(headers['retry-after']) > 0 && error.code;
    return isClear ? undefined : `answered ${statusCode}: ${text.slice(0, 200)}`;
  } catch {
    return `answered ${statusCode} with what is no JSON: ${text.slice(0, 200)}`;
  }
}
