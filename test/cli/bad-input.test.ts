/** Bad input at the command line: one clear line, exit code 1, and nothing that was there is touched. */

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { minillm } from './minillm.js';
import { TINY, tinyData } from './tiny-data.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny', import.meta.url));
/** A header of 256 int32 stands before the tokens of a shard. */
const SHARD_HEADER = 1024;
const SHARD = 'train_000001.bin';

const { folder, data } = tinyData();
const run = join(folder, 'run');
const place = (name: string): string => join(folder, name);

/** Every file below a folder with a hash of its bytes. */
function contents(path: string): Map<string, string> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]));
}

let before: Map<string, string>;
beforeAll(async () => {
  const { code, stderr } = await minillm('train', '--data', data, '--out', run, ...TINY, '--steps', '1');
  if (code !== 0) throw new Error(stderr);
  before = new Map([...contents(run), ...contents(data)]);
});
afterEach(() => {
  // a run that was refused leaves no folder; one whose first batch is bad had begun
  if (existsSync(place('new'))) expect(readdirSync(place('new'))).toContain('run.json');
  rmSync(place('new'), { recursive: true, force: true });
});
afterAll(() => expect(new Map([...contents(run), ...contents(data)])).toEqual(before));

async function refuses(message: RegExp, ...command: string[]): Promise<void> {
  const { code, stderr } = await minillm(...command);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^minillm: .+\n$/);
  expect(code).toBe(1);
}

/** Trains with flags that replace those of a command that works. */
const training = (...flags: string[]): string[] => [
  ...['train', '--data', data, '--out', place('new'), ...TINY, '--steps', '1'],
  ...flags,
];

/** A copy of the shards whose training shard is changed; without its description, which would be the first to complain. */
function shards(name: string, change: (path: string, bytes: Buffer) => void): string {
  const copy = place(name);
  mkdirSync(copy);
  cpSync(join(data, SHARD), join(copy, SHARD));
  change(join(copy, SHARD), readFileSync(join(copy, SHARD)));
  return copy;
}

describe('data to train on', () => {
  test.each<[string, () => string, RegExp]>([
    [
      'a folder that is missing',
      () => place('nowhere'),
      /nowhere: expected a folder of token shards, found none; make/,
    ],
    ['a folder without shards', () => FIXTURE, /expected shards named train_\*\.bin .*, found none; make them with/],
    [
      'another magic',
      () => shards('magic', (path, bytes) => writeFileSync(path, bytes.fill(1, 0, 4))),
      /shard train_000001\.bin: expected magic 20240520 \(llm\.c\), found 16843009; write it again/,
    ],
    [
      'a truncated shard',
      () => shards('truncated', (path) => truncateSync(path, SHARD_HEADER + 20)),
      /shard train_000001\.bin: header says \d+ tokens, file holds 10; download it again/,
    ],
    [
      'a token that is not in the vocabulary',
      () =>
        shards('tokens', (path, bytes) => {
          bytes.writeUInt16LE(60_000, SHARD_HEADER + 2 * 7);
          writeFileSync(path, bytes);
        }),
      /shard train_000001\.bin: token 60000 at offset 7 is not in a vocabulary of 50257; was it made by another/,
    ],
    [
      'a shard shorter than a window',
      () =>
        shards('short', (path, bytes) => {
          bytes.writeInt32LE(32, 8);
          writeFileSync(path, bytes.subarray(0, SHARD_HEADER + 64));
        }),
      /training data: expected a shard of at least 33 tokens, found at most 32; add text or shorten --sequence-length/,
    ],
  ])('%s', async (_, make, message) => {
    await refuses(message, ...training('--no-shuffle', '--data', make()));
  });
});

describe('text to tokenise', () => {
  test.each<[string, string, string | Buffer, RegExp]>([
    ['a line that is not JSON', 'a.jsonl', '{"text":"a"}\n{"text', /a\.jsonl line 2: expected JSON .*\(--skip-bad\)$/m],
    [
      'a line without the field',
      'b.jsonl',
      '{"body":"a"}',
      /b\.jsonl line 1: expected .* "text", found the fields body;/,
    ],
    [
      'invalid UTF-8',
      'c.txt',
      Buffer.from('ab\xffcd', 'latin1'),
      /c\.txt: expected UTF-8, found byte 0xff at offset 2;/,
    ],
    ['no text at all', 'd.txt', ' \n', /expected documents with text, found none; check the files/],
  ])('%s', async (_, name, text, message) => {
    writeFileSync(place(name), text);
    const out = place(`${name}-shards`);
    await refuses(message, 'data', 'text', place(name), '--out', out);
    expect(readdirSync(out)).toEqual([]);
  });

  test('lines that are no documents are counted with --skip-bad', async () => {
    writeFileSync(place('skip.jsonl'), '{"text":"a b c d"}\n[]\n{"body":1}\nnot JSON\n{"text":"e f g h"}\n');
    const flags = ['--out', place('skip-shards'), '--skip-bad', '--val-tokens', '0', '--json'];
    const { code, stdout, stderr } = await minillm('data', 'text', place('skip.jsonl'), ...flags);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ documents: 2, skipped: 3 });
    for (const line of [2, 3, 4]) expect(stderr).toContain(`skip.jsonl line ${line}: expected `);
  });
});

describe('settings that do not go together', () => {
  test.each<[string, string[], RegExp]>([
    [
      'a total batch that micro-batches do not divide',
      ['--total-batch-size', '100'],
      /--total-batch-size 100 is not a multiple of .* = 64; the nearest that are: 64 or 128/,
    ],
    [
      'a sequence longer than the context',
      ['--sequence-length', '256'],
      /--sequence-length 256 is longer than the model's context of 128 tokens; give at most that/,
    ],
    [
      'a run folder of another configuration',
      ['--out', run, '--lr', '0.001', '--steps', '2'],
      /holds a run with other settings: steps was 1 and is 2; learningRate was 0\.006 and is 0\.001;.*--fork/,
    ],
    [
      'an output that cannot be written',
      ['--out', join(data, SHARD, 'run')],
      /bin\/run: could not make the run folder \(/,
    ],
  ])('%s', async (_, flags, message) => {
    await refuses(message, ...training(...flags));
  });

  test('more memory than there is: what is needed, and the largest batch that fits', async () => {
    // planning every batch up to the one asked for would outlast the test
    const sizes = (batch: string, total: string): string[] => ['--batch-size', batch, '--total-batch-size', total];
    await refuses(
      /batch 1000000 needs \d+ [GT]B, the device has [\d.]+ GB; the largest that fits is \d+$/m,
      ...training(...sizes('1000000', '32M')),
    );
    await refuses(
      /batch 4096 needs \d+ GB, the device has [\d.]+ GB; (the largest that fits is \d+|no batch fits; take a smaller)/,
      ...training('--preset', 'gpt2-1558m', ...sizes('4096', '131072')),
    );
  });
});

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** A copy of the fixture whose weights have another header, padded to the same length, or other bytes. */
function weights(name: string, change: (header: Header, bytes: Buffer) => Buffer | undefined): string {
  const copy = place(name);
  cpSync(FIXTURE, copy, { recursive: true });
  const path = join(copy, 'model.safetensors');
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, end).toString()) as Header;
  const changed = change(header, bytes);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, changed ?? Buffer.concat([length, json, bytes.subarray(end)]));
  return copy;
}

/** Training that starts from weights with the fixture's context of 24 tokens. */
const fromWeights = (init: string): string[] => [
  ...['train', '--data', data, '--out', place('new'), '--init', init, '--eval-every', '0', '--sample-every', '0'],
  ...['--batch-size', '2', '--total-batch-size', '48', '--steps', '1'],
];

describe('weights to start from', () => {
  const WPE = 'wpe.weight';
  const wpe = (header: Header) => {
    const name = Object.keys(header).find((key) => key.endsWith(WPE)) ?? '';
    const entry = header[name];
    if (!entry) throw new Error('the fixture has no wpe');
    return { name, entry };
  };

  test.each<[string, (header: Header, bytes: Buffer) => Buffer | undefined, RegExp]>([
    [
      'a tensor of another name',
      (header) => {
        const { name, entry } = wpe(header);
        delete header[name];
        header['transformer.h.9.ln_1.bias'] = entry;
        return undefined;
      },
      /tensor transformer\.h\.9\.ln_1\.bias: the GPT-2 of config\.json has no such parameter/,
    ],
    [
      'a missing tensor',
      (header) => {
        const { name, entry } = wpe(header);
        delete header[name];
        header['lm_head.weight'] = entry;
        return undefined;
      },
      /expected tensor transformer\.wpe\.weight \[24, 32\], found none/,
    ],
    [
      'a truncated file',
      (_, bytes) => bytes.subarray(0, -100),
      /expected \d+ bytes by its header, found \d+; download/,
    ],
    [
      'a tensor of another shape',
      (header) => {
        wpe(header).entry.shape.reverse();
        return undefined;
      },
      /wpe\.weight: expected shape \[24, 32\] by config\.json, found \[32, 24\]/,
    ],
    [
      'a tensor of another type',
      (header) => {
        wpe(header).entry.dtype = 'I32';
        return undefined;
      },
      /wpe\.weight: expected type F32, BF16, F16, F64, found I32/,
    ],
    [
      'a header longer than the file',
      (_, bytes) => {
        bytes.writeBigUInt64LE(2n ** 60n);
        return bytes;
      },
      /expected a safetensors header of at most \d+ bytes, found a length of 1152921504606846976; the file is cut/,
    ],
    [
      'tensors that overlap',
      (header) => {
        const { entry } = wpe(header);
        const [begin, end] = entry.data_offsets;
        entry.data_offsets = begin === 0 ? [4, end + 4] : [begin - 4, end - 4];
        return undefined;
      },
      /tensor .* (overlaps the one before it|leaves a gap before it): expected it at byte \d+, found it at \d+/,
    ],
    [
      'a tensor of 2^60 elements',
      (header) => {
        wpe(header).entry.shape = [2 ** 30, 2 ** 30];
        return undefined;
      },
      /wpe\.weight: expected \d+ bytes for F32 \[1073741824, 1073741824\], found 3072; the header is damaged/,
    ],
  ])('%s', async (name, change, message) => {
    await refuses(message, ...fromWeights(weights(name.replaceAll(' ', '-'), change)));
  });

  test('that are not there', async () => {
    await refuses(/nowhere: expected a run folder, .*found nothing there$/m, ...fromWeights(place('nowhere')));
  });
});
