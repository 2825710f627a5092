/**
 * @file `minillm serve` with the 124M checkpoint in the folder `--input`: how soon the first token comes, how many one client and
 * `--batch` clients get, and the longest a client waits between two tokens while a prompt of 1,000 tokens arrives beside it.
 */

import { median } from '#minillm/support/median.js';
import { workArguments } from './arguments.ts';
import { reportParts } from './report.ts';
import { ServedModel } from './served.ts';

const PROMPT_LENGTH = 32;
const LONG_PROMPT_LENGTH = 1000;

const { batch, length, precision, threads, runs, input } = workArguments();
const flags = ['--checkpoint', input, '--no-compare', '--precision', precision, '--threads', `${threads}`];
const server = await ServedModel.start(flags);
const { url } = server;
try {
  await completion(url, PROMPT_LENGTH, length);

  const firsts: number[] = [];
  for (let run = 0; run < 5 * runs; run++) firsts.push((await completion(url, PROMPT_LENGTH, 1)).first);
  const [one, all, gaps]: number[][] = [[], [], []];
  for (let run = 0; run < runs; run++) {
    one?.push(rate([await completion(url, PROMPT_LENGTH, length)]));
    const clients = Array.from({ length: batch }, () => completion(url, PROMPT_LENGTH, length));
    all?.push(rate(await Promise.all(clients)));
    gaps?.push(await longestGap(url));
  }
  reportParts([
    { part: 'first token', value: median(firsts), unit: 'ms' },
    { part: '1 client', value: median(one ?? []), unit: 'tok/s' },
    { part: `${batch} clients`, value: median(all ?? []), unit: 'tok/s' },
    { part: `longest gap beside a prompt of ${LONG_PROMPT_LENGTH}`, value: median(gaps ?? []), unit: 'ms' },
  ]);
} finally {
  await server.stop();
}

interface Completion {
  /** Milliseconds from the request to the first token. */
  readonly first: number;
  /** When each token came. */
  readonly times: readonly number[];
}

/** A streamed completion of a prompt of so many tokens; `onToken` gets their count so far. */
async function completion(
  url: string,
  promptLength: number,
  tokens: number,
  onToken: (count: number) => void = () => {},
): Promise<Completion> {
  const prompt = Array.from({ length: promptLength }, (_, index) => (index * 7919 + promptLength) % 50_000);
  const body = JSON.stringify({ prompt, max_tokens: tokens, logprobs: 0, stream: true, ignore_eos: true });
  const start = performance.now();
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}v1/completions`, { method: 'POST', headers, body });
  if (!response.ok || !response.body) throw new Error(await response.text());
  const times: number[] = [];
  for await (const bytes of response.body) {
    // several events may come at once
    const count = Buffer.from(bytes).toString().split('"token_logprobs"').length - 1;
    for (let token = 0; token < count; token++) {
      times.push(performance.now());
      onToken(times.length);
    }
  }
  return { first: (times[0] ?? Number.NaN) - start, times };
}

/** Tokens a second while all completions are under way. */
function rate(completions: readonly Completion[]): number {
  const start = Math.max(...completions.map(({ times }) => times[0] ?? 0));
  const end = Math.min(...completions.map(({ times }) => times.at(-1) ?? 0));
  const tokens = completions.flatMap(({ times }) => times.filter((time) => time > start && time <= end));
  return (1000 * tokens.length) / (end - start);
}

async function longestGap(url: string): Promise<number> {
  let other: Promise<Completion> | undefined;
  const { times } = await completion(url, PROMPT_LENGTH, length, (count) => {
    if (count === Math.floor(length / 4)) other = completion(url, LONG_PROMPT_LENGTH, 1);
  });
  await other;
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}
