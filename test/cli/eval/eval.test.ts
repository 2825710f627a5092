/** `minillm eval` and `train --hellaswag` as a user runs them, on untrained and hardly trained models. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Evaluation } from '#minillm/eval/evaluate.js';
import { readMetrics } from '#minillm/runs/metrics.js';
import { hellaswagFile } from '../../eval/hellaswag-lines.ts';
import { FIXTURE } from '../../generate/fixture.ts';
import { minillm } from '../minillm.ts';
import { TINY, tinyData } from '../tiny-data.ts';

const { folder, data } = tinyData();

async function evaluations(...args: string[]): Promise<Evaluation[]> {
  const { stdout, stderr } = await minillm('eval', ...args, '--json');
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Evaluation);
}

test('the same numbers whatever batch size and threads', async () => {
  const flags = [
    '--checkpoint',
    'untrained:tiny',
    '--data',
    data,
    '--eval-tokens',
    '500',
    '--hellaswag',
    hellaswagFile(12),
  ];
  const [first] = await evaluations(...flags, '--sequence-length', '16', '--batch-size', '1', '--threads', '1');
  const [second] = await evaluations(...flags, '--sequence-length', '16', '--batch-size', '32', '--threads', '2');
  expect(second).toEqual(first);
  const { validation, hellaswag } = first!;
  expect(validation?.tokens).toBeGreaterThan(64);
  expect(validation?.loss).toBeGreaterThan(10);
  expect(validation?.bitsPerByte).toBeCloseTo((validation!.loss * validation!.tokens) / Math.LN2 / validation!.bytes);
  expect(hellaswag).toMatchObject({
    total: 12,
    accuracy: hellaswag!.correct / 12,
    accuracyNorm: hellaswag!.correctNorm / 12,
  });
});

test('int8 changes the loss and the log-probabilities a little', async () => {
  const model = ['--checkpoint', 'untrained:tiny', '--data', data, '--sequence-length', '16'];
  const flags = [...model, '--hellaswag', hellaswagFile(3)];
  const [exact] = await evaluations(...flags);
  const [rounded] = await evaluations(...flags, '--precision', 'int8');
  expect(rounded?.validation?.loss).not.toBe(exact?.validation?.loss);
  expect(rounded?.validation?.loss).toBeCloseTo(exact!.validation!.loss, 1);
  expect(rounded?.hellaswag?.total).toBe(3);
});

test('a training run logs what eval finds of its checkpoint, and several checkpoints make a table', async () => {
  const [out, file] = [join(folder, 'run'), hellaswagFile(20)];
  const flags = [...TINY, '--data', data, '--out', out, '--steps', '2', '--eval-every', '1', '--hellaswag', file];
  const trained = await minillm('train', ...flags, '--hellaswag-every', '2');
  expect(trained.stdout).toMatch(
    /^step 2 \| checkpoint: .*\nstep 2 \| validation loss: .*\nstep 2 \| HellaSwag accuracy: \d+\/10=0\.\d{4}\n/m,
  );
  const logged = (await readMetrics(out)).filter(({ kind }) => kind === 'eval');
  expect(logged.map(({ step }) => step)).toEqual([0, 1, 2]);
  const [found] = await evaluations('--checkpoint', out, '--hellaswag', file, '--every', '2');
  expect(logged.at(-1)).toMatchObject({ hellaswag: found?.hellaswag });

  const both = ['--checkpoint', out, '--checkpoint', 'untrained:tiny', '--hellaswag', file, '--limit', '5'];
  const { stdout } = await minillm('eval', ...both);
  expect(stdout).toMatch(/^HellaSwag accuracy: \d\/5=0\.\d{4} \(by summed log-likelihood 0\.\d{4}\)$/m);
  expect(stdout).toMatch(
    /\ncheckpoint +parameters +HellaSwag {2}summed\n.*step-00000002 .*\nuntrained:tiny .* 0\.\d{4} \(\d\/5\) {2}0\.\d{4}\n$/,
  );
});

test('the length of rows does not concern HellaSwag', async () => {
  const flags = ['--checkpoint', 'untrained:tiny', '--hellaswag', hellaswagFile(1), '--sequence-length', '256'];
  expect((await evaluations(...flags))[0]?.hellaswag?.total).toBe(1);
});

test.each([
  ['nothing to evaluate on', ['--checkpoint', 'untrained:tiny'], 2, /--data DIR or --hellaswag \[FILE\] is required/],
  ['no checkpoint', ['--hellaswag', 'x.jsonl'], 2, /--checkpoint is required/],
  [
    'an unknown preset',
    ['--checkpoint', 'untrained:huge', '--hellaswag', 'FILE'],
    1,
    /expected untrained:tiny, .* found another/,
  ],
  [
    'a file that is not there',
    ['--checkpoint', 'untrained:tiny', '--hellaswag', '/nowhere.jsonl'],
    1,
    /nowhere\.jsonl: could not read it/,
  ],
  [
    'a wrong one behind a good one',
    ['--checkpoint', 'untrained:tiny', '--checkpoint', '/nowhere', '--hellaswag', '/nowhere.jsonl'],
    1,
    /^minillm: \/nowhere: expected a run folder/,
  ],
  [
    'another vocabulary',
    ['--checkpoint', FIXTURE, '--hellaswag', 'FILE'],
    1,
    /GPT-2's vocabulary of 50257 tokens, found one of 500/,
  ],
  [
    'a second model too short for an ending',
    ['--checkpoint', 'untrained:gpt2-124m', '--checkpoint', 'untrained:tiny', '--hellaswag', 'LONG'],
    1,
    /^minillm: untrained:tiny: HellaSwag: expected endings that fit the model's context of 128 tokens, found one of 1\d\d after "/,
  ],
  [
    'rows longer than the context',
    ['--checkpoint', 'untrained:tiny', '--data', 'DATA', '--sequence-length', '129'],
    1,
    /untrained:tiny: expected a context of at least 129 tokens, .* found one of 128/,
  ],
  [
    'a batch too large for the memory',
    ['--checkpoint', 'untrained:tiny', '--data', 'DATA', '--sequence-length', '16', '--batch-size', '100000000'],
    1,
    /evaluating untrained:tiny.*lower --batch-size/,
  ],
  [
    'a part of a HellaSwag that is not asked for',
    ['--checkpoint', 'untrained:tiny', '--data', 'DATA', '--limit', '3'],
    2,
    /--limit and --every choose HellaSwag examples/,
  ],
])('%s is one clear line', async (_, args, expectedCode, message) => {
  const files: Readonly<Record<string, string>> = { FILE: hellaswagFile(1), LONG: hellaswagFile(1, 130), DATA: data };
  const { code, stdout, stderr } = await minillm('eval', ...args.map((arg) => files[arg] ?? arg));
  expect([code, stdout]).toEqual([expectedCode, '']);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^minillm: [^\n]+\n$/);
});
