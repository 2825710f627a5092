/** Training in memory, as `minillm/browser` has it, here on the CPU backend. */

import { expect, test } from 'vitest';
import { openBackend } from '#minillm/backends/open.js';
import { train } from '#minillm/browser.js';
import { textTokens } from '#minillm/data/sharding/tokens-in-memory.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { openTextModel, type TextModel } from '#minillm/library/text-model.js';
import { Training } from '#minillm/library/training.js';
import { UserError } from '#minillm/support/errors.js';
import { withDefaults } from '#minillm/train/defaults.js';
import { SMALL } from '../generate/untrained-folder.ts';
import { unpack } from '../support/unpack.ts';

const STEPS = 12;
const TEXT = 'One day a fox went to the river. It was cold. The fox saw a fish and was glad.<|endoftext|>'.repeat(40);

const openCpu = () => openBackend({ device: 'cpu', threads: 2 });

async function begin(): Promise<Training> {
  const settings = withDefaults(
    {
      ...{ data: 'tokens', out: 'memory', threads: 2, batchSize: 4, sequenceLength: 16, totalBatchSize: 64 },
      ...{ steps: STEPS, learningRate: 0.02, evalEvery: 0, sampleEvery: 0, checkpointEvery: 5 },
    },
    SMALL.contextLength,
  );
  const tokens = await textTokens(TEXT);
  return new Training({ settings, modelConfig: SMALL, tokens, signal: undefined, openDevice: openCpu });
}

async function trained(): Promise<Training> {
  const training = await begin();
  for await (const _ of training);
  return training;
}

const open = async (training: Training): Promise<TextModel> =>
  openTextModel(await training.weights(), { positions: 40 }, openCpu);

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('gives a model that holds what it was trained on likelier than another text, writes, and is the one of its zip', async () => {
  const training = await trained();
  const losses = (await training.metrics()).flatMap((line) => (line.kind === 'train' ? line.loss : []));
  expect(losses).toHaveLength(STEPS);
  const model = await open(training);
  const known = await model.score('One day a fox went to the river.');
  expect(known.tokens).toHaveLength(9);
  expect(mean(known.logprobs)).toBeGreaterThan(-(losses[0] ?? 0));
  expect(mean(known.logprobs)).toBeGreaterThan(
    mean((await model.score('Parliament dissolved yesterday')).logprobs) + 1,
  );
  // a token's score does not depend on those after it
  const { logprobs } = await model.score('One day a fox');
  expect([...logprobs]).toEqual([...known.logprobs.subarray(0, logprobs.length)]);
  const [text] = await model.complete('One day', { tokens: 10 });
  expect(text).toMatch(/^One day./);
  await model.close();
  const folder = await openGpt2Folder(unpack(new Uint8Array(await (await training.zip('fox')).arrayBuffer())));
  expect(folder.config).toEqual(SMALL);
  await folder.close();
});

test('that is left goes on from its newest checkpoint, to the bits of one that was not', async () => {
  const training = await begin();
  await expect(training.zip('none')).rejects.toThrow(/^expected a run with a checkpoint, found none yet/);
  for await (const event of training) if (event.kind === 'train' && event.step === 7) break;
  const steps: number[] = [];
  for await (const event of training) if (event.kind === 'train') steps.push(event.step);
  expect(steps).toEqual([5, 6, 7, 8, 9, 10, 11]);
  const score = async (from: Training): Promise<number[]> => {
    const model = await open(from);
    const { logprobs } = await model.score('The fox saw a fish');
    await model.close();
    return [...logprobs];
  };
  expect(await score(training)).toEqual(await score(await trained()));
});

test('a text that has no token, or too many, is not scored', async () => {
  const model = await open(await trained());
  await expect(model.score('')).rejects.toThrow(/^text: expected at least one token, found none$/);
  await expect(model.score('fox '.repeat(100))).rejects.toThrow(/ 40 positions /);
  await model.close();
});

test('settings of a browser are checked before anything runs', async () => {
  const data = await textTokens(TEXT);
  const refused = (settings: object): unknown => {
    try {
      return train({ data, preset: 'tiny', ...settings });
    } catch (cause) {
      expect(cause).toBeInstanceOf(UserError);
      return (cause as UserError).message;
    }
  };
  expect(refused({})).toBeInstanceOf(Training);
  expect(refused({ preset: 'tinny' })).toBe(
    'train: preset: expected one of "tiny"|"gpt2-124m"|"gpt2-350m"|"gpt2-774m"|"gpt2-1558m", found "tinny"; did you mean "tiny"?',
  );
  expect(refused({ steps: 0 })).toMatch(/^train: steps: /);
  expect(refused({ init: 'hf:openai-community/gpt2' })).toMatch(/init/);
  expect(refused({ sequenceLength: 1000 })).toMatch(/longer than the model's context of 128 tokens/);
});
