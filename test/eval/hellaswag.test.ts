import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { singleProcess } from '#minillm/engine/runtime/communicator.js';
import { hellaswag } from '#minillm/eval/hellaswag.js';
import { readHellaswag, selectExamples } from '#minillm/eval/hellaswag-examples.js';
import { openHellaswag } from '#minillm/eval/hellaswag-file.js';
import { hellaswagTask } from '#minillm/eval/hellaswag-task.js';
import type { ScoringRequest } from '#minillm/eval/packing.js';
import type { Scorer } from '#minillm/eval/scorer.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { summingRanks } from './summing-ranks.ts';

const EXAMPLE = { ctx: 'The fox', endings: ['runs.', 'runs away from the dog.', 'is', 'sleeps'], label: 1, ind: 7 };
const GPT2 = { contextLength: 1024, vocabularySize: 50257 };

function fileOf(...lines: readonly unknown[]): string {
  const path = join(temporaryFolder(), 'examples.jsonl');
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

/** A scorer that gives each token of the ending so many nats, one list per example. */
function scorerOf(...nats: readonly (readonly number[])[]): Scorer {
  const score = async function* (requests: readonly ScoringRequest[]) {
    for (const [example, { continuations }] of requests.entries()) {
      if (!nats[example]) return;
      yield continuations.map(({ length }, ending) => ({
        values: new Float32Array(length).fill(nats[example]?.[ending] ?? 0),
        topIds: new Int32Array(),
        topValues: new Float32Array(),
      }));
    }
  };
  return { score, top: 0 } as unknown as Scorer;
}

async function resultOf(evaluation: ReturnType<typeof hellaswag>) {
  let next = await evaluation.next();
  while (!next.done) next = await evaluation.next();
  return next.value;
}

describe('HellaSwag', () => {
  test('tokens are those of the context, and of each ending after a space', () => {
    const { requests } = hellaswagTask([{ context: 'The fox', endings: ['runs.', 'is'], label: 0 }], GPT2);
    expect(requests).toEqual([{ context: encode('The fox'), continuations: [encode(' runs.'), encode(' is')] }]);
  });

  test('a context that is too long for the model loses its first tokens', () => {
    const example = { context: 'one two three four five', endings: ['six', 'six seven eight'], label: 0 };
    const [request] = hellaswagTask([example], { ...GPT2, contextLength: 4 }).requests;
    expect(request?.context).toEqual(encode('one two three four five').slice(-2));
    expect(() => hellaswagTask([example], { ...GPT2, contextLength: 2 })).toThrow(
      /endings that fit the model's context of 2 tokens, found one of 3/,
    );
  });

  test('counts the most likely by sum and by mean', async () => {
    const task = hellaswagTask([{ context: 'The fox', endings: EXAMPLE.endings, label: 1 }], GPT2);
    // one token of the long ending is the most likely, all of them together are not
    const result = await resultOf(hellaswag(scorerOf([-2, -1, -3, -3]), task, singleProcess));
    expect(result).toEqual({ accuracy: 0, accuracyNorm: 1, correct: 0, correctNorm: 1, total: 1 });
  });

  test('adds up the counts of all ranks, each with its share of the examples', async () => {
    const taskOf = (...labels: number[]) =>
      hellaswagTask(
        labels.map((label) => ({ context: 'The fox', endings: EXAMPLE.endings, label })),
        GPT2,
      );
    const [first, second] = summingRanks(2);
    const [byMean, byBoth] = [
      [-2, -1, -3, -3],
      [-1, -3, -3, -3],
    ];
    const [result, otherResult] = await Promise.all([
      resultOf(hellaswag(scorerOf(byMean), taskOf(1), first!)),
      resultOf(hellaswag(scorerOf(byBoth, byBoth, byMean), taskOf(0, 0, 1), second!)),
    ]);
    expect(otherResult).toEqual(result);
    expect(result).toEqual({ accuracy: 0.5, accuracyNorm: 1, correct: 2, correctNorm: 4, total: 4 });
  });

  test('has no result when it was stopped', async () => {
    const example = { context: 'The fox', endings: EXAMPLE.endings, label: 1 };
    const task = hellaswagTask([example, example], GPT2);
    expect(await resultOf(hellaswag(scorerOf([-1, -1, -1, -1]), task, singleProcess))).toBe(undefined);
  });

  test('a model whose numbers are not finite has nothing right', async () => {
    const task = hellaswagTask([{ context: 'The fox', endings: EXAMPLE.endings, label: 0 }], GPT2);
    const evaluation = hellaswag(scorerOf(Array(4).fill(Number.NaN)), task, singleProcess);
    expect(await resultOf(evaluation)).toMatchObject({ correct: 0 });
  });

  test('every third example, two at most', () => {
    expect(selectExamples([0, 1, 2, 3, 4, 5, 6, 7], { every: 3, limit: 2 })).toEqual([0, 3]);
  });
});

describe('its file', () => {
  test('is read plain and gzipped', async () => {
    const path = fileOf(EXAMPLE, '', EXAMPLE);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    const examples = await readHellaswag(path);
    expect(examples).toHaveLength(2);
    expect(await readHellaswag(`${path}.gz`)).toEqual(examples);
  });

  test.each([
    ['three endings', { ...EXAMPLE, endings: ['a', 'b', 'c'] }, /line 2: endings/],
    ['a label that is no ending', { ...EXAMPLE, label: 4 }, /line 2: label/],
    ['a label as text', { ...EXAMPLE, label: '1' }, /line 2: label: expected number, found "1"/],
    ['no context', { ...EXAMPLE, ctx: undefined }, /line 2: ctx: expected string, found none/],
    ['a torn line', '{"ctx": "The', /line 2: expected JSON/],
  ])('with %s is refused, naming the line', async (_, line, message) => {
    await expect(readHellaswag(fileOf(EXAMPLE, line))).rejects.toThrow(message);
  });

  test('without an example is refused', async () => {
    await expect(readHellaswag(fileOf(''))).rejects.toThrow(/found none/);
  });
});

describe('downloaded', () => {
  const outside = process.env.MINILLM_CACHE;
  let cache: string;
  beforeEach(() => {
    cache = temporaryFolder();
    process.env.MINILLM_CACHE = cache;
  });
  afterEach(() => {
    if (outside === undefined) delete process.env.MINILLM_CACHE;
    else process.env.MINILLM_CACHE = outside;
  });

  /** A server of one text, and how often it was asked for it. */
  async function serve(text: string, status = 200) {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.writeHead(status).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hellaswag_val.jsonl`, requests };
  }
  const TEXT = `${JSON.stringify(EXAMPLE)}\n`.repeat(3);
  const sha256 = createHash('sha256').update(TEXT).digest('hex');

  test('once, and kept', async () => {
    const { url, requests } = await serve(TEXT);
    expect(await openHellaswag('download', { url, sha256 })).toHaveLength(3);
    expect(await openHellaswag('download', { url, sha256 })).toHaveLength(3);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['cut short', TEXT.slice(0, -1), 200, /expected HellaSwag's validation split with sha256 .* found \d+ bytes/],
    ['a page that is no JSON', '<html>', 200, /found 6 bytes with /],
    ['not found', 'no', 404, /could not be downloaded \(404 Not Found\); give the file yourself with --hellaswag FILE/],
  ])('%s is refused and not kept', async (_, text, status, message) => {
    const { url } = await serve(text, status);
    await expect(openHellaswag('download', { url, sha256 })).rejects.toThrow(message);
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  });

  test('and damaged in the cache is refused', async () => {
    const { url } = await serve(TEXT);
    await openHellaswag('download', { url, sha256 });
    const [name = ''] = readdirSync(cache);
    writeFileSync(join(cache, name), TEXT.replace('fox', 'cat'));
    await expect(openHellaswag('download', { url, sha256 })).rejects.toThrow(/remove it if it is in the cache/);
  });

  test('without a network names the address and the flag', async () => {
    const url = 'http://127.0.0.1:9/hellaswag_val.jsonl';
    await expect(openHellaswag('download', { url, sha256 })).rejects.toThrow(
      new RegExp(`^${url}: HellaSwag could not be downloaded .*--hellaswag FILE$`),
    );
  });
});
