/**
 * @file Many clients of one server at once: some read texts as they grow, some have prompts scored, some take their answers
 * slowly, and some ask for more than there is room for and leave.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Errand, run } from './client.ts';

export interface CrowdOptions {
  readonly clients: number;
  /** Whether a client that stays for its answers has had enough of them. */
  readonly isContent: (answers: number) => boolean;
}

export interface CrowdReport {
  /** Answers of each client that stays for them. */
  readonly answers: readonly number[];
  /** Pieces of streams, each of one token. */
  readonly pieces: number;
  readonly refused: number;
  readonly left: number;
  /** Of each refusal, how long it took. */
  readonly refusalMilliseconds: readonly number[];
  /** What must not happen. */
  readonly problems: readonly string[];
}

/** A client that is refused asks again sooner than it is told to. */
const AGAIN_MILLISECONDS = 50;

/** Returns when every client that stays for its answers is content. */
export async function runCrowd(url: string, { clients, isContent }: CrowdOptions): Promise<CrowdReport> {
  const answers: number[] = [];
  const refusalMilliseconds: number[] = [];
  const problems: string[] = [];
  let [pieces, left, staying] = [0, 0, 0];
  const client = async (index: number): Promise<void> => {
    const stays = errandOf(index, 0).manner !== 'leaves';
    if (stays) staying++;
    let had = 0;
    for (let round = 0; stays ? !isContent(had) : staying > 0; round++) {
      const outcome = await run(url, errandOf(index, round));
      if (outcome.kind === 'wrong') {
        problems.push(outcome.said);
        break;
      }
      pieces += outcome.pieces;
      if (outcome.kind === 'answered') had++;
      else if (outcome.kind === 'left') left++;
      else {
        refusalMilliseconds.push(outcome.milliseconds);
        await sleep(AGAIN_MILLISECONDS);
      }
    }
    if (!stays) return;
    staying--;
    answers.push(had);
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return { answers, pieces, refused: refusalMilliseconds.length, left, refusalMilliseconds, problems };
}

/** Some token ids, other ones for each client and round. */
const ids = (length: number, index: number, round: number): number[] =>
  Array.from({ length }, (_, place) => (7919 * place + 104_729 * index + round) % 50_257);

/** What a client asks for; the answer fits a context of 128. */
function errandOf(index: number, round: number): Errand {
  const path = 'v1/completions';
  const some = 4 + ((index + round) % 24);
  const prompt = ids(some, index, round);
  switch (index % 8) {
    case 0:
    case 1:
      // a dozen of them ask for more tokens than all requests may at once
      return { path, body: { prompt, n: 64, max_tokens: 96, stream: true, ignore_eos: true }, manner: 'leaves' };
    case 2:
      return { path, body: { prompt, max_tokens: some, n: 2, logprobs: 5 }, manner: 'reads' };
    case 3: {
      const prompts = Array.from({ length: 4 }, (_, place) => ids(60, index, round + place));
      return { path, body: { prompt: prompts, max_tokens: 0, echo: true, logprobs: 20 }, manner: 'reads' };
    }
    case 4:
      if (round % 2 === 0) return { path, body: { prompt, max_tokens: some }, manner: 'reads' };
      return { path: 'tokenize', body: { prompt: `Client ${index} asks for the time ${round}.` }, manner: 'reads' };
    case 5:
      return { path, body: { prompt, max_tokens: 60, n: 4, stream: true, logprobs: 20 }, manner: 'dawdles' };
    default:
      return { path, body: { prompt, max_tokens: some, stream: true, ignore_eos: true }, manner: 'reads' };
  }
}
