import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { modelCard } from '#minillm/cli/publish/model-card.js';
import { type PublishedModel, readPublishedModel } from '#minillm/cli/publish/published-model.js';
import { type SyntheticRun, writeSyntheticRun } from '../../report/synthetic-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const OPTIONS = { name: 'owner/tales', license: 'mit' };

async function published(run: SyntheticRun = {}): Promise<PublishedModel> {
  const folder = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 600, ...run });
  return readPublishedModel(folder, { withOptimizer: false });
}

function readCard(card: string): { fields: Record<string, unknown>; text: string } {
  const [, front = '', text = ''] = /^---\n([\s\S]*?)\n---\n\n([\s\S]*)$/.exec(card) ?? [];
  return { fields: parse(front) as Record<string, unknown>, text };
}

/** A model that a run on data of the hub made, from weights of the hub. */
async function trainedOn(source: string, configuration: Record<string, unknown> = {}): Promise<PublishedModel> {
  const model = await published();
  if (!model.state) throw new Error('no state was read');
  const dataset = {
    ...{
      formatVersion: 1 as const,
      source,
      documents: 12_000,
      validationTokens: 10,
      trainTokens: 1_346_986,
      shards: [],
    },
    tokenizer: { name: 'gpt2', vocabularySize: 50_257, endOfText: 50_256 },
  };
  const state = { ...model.state, configuration: { ...model.state.configuration, ...configuration } };
  return { ...model, dataset, state };
}

describe('the front matter', () => {
  test('says to the hub what the model is, and how good', async () => {
    const { fields } = readCard(modelCard(await published(), OPTIONS));
    expect(fields).toEqual({
      license: 'mit',
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      tags: ['gpt2', 'minillm'],
      'model-index': [
        {
          name: 'tales',
          results: [
            {
              task: { type: 'text-generation' },
              dataset: { name: 'HellaSwag', type: 'Rowan/hellaswag', split: 'validation' },
              metrics: [
                // at step 500, not at the later steps that the run has measured too
                { name: 'Accuracy, normalized by length', type: 'acc_norm', value: 0.2906 },
              ],
            },
          ],
        },
      ],
    });
  });

  test('names data and weights that are of the hub, and no others', async () => {
    const subset = `HuggingFaceFW/fineweb-edu sample-10BT @ ${COMMIT}`;
    const of = async (source: string, init?: string) =>
      readCard(modelCard(await trainedOn(source, { init }), OPTIONS)).fields;
    expect(await of(subset, 'hf:openai-community/gpt2@main')).toMatchObject({
      datasets: ['HuggingFaceFW/fineweb-edu'],
      base_model: 'openai-community/gpt2',
    });
    const others = await of('book.txt', '/home/me/weights');
    expect([others.datasets, others.base_model]).toEqual([undefined, undefined]);
  });

  test('has no license and no accuracy that nobody gave or measured', async () => {
    const model = await published({ hellaswag: false });
    const { fields } = readCard(modelCard(model, { name: 'owner/tales', license: undefined }));
    expect(Object.keys(fields)).toEqual(['library_name', 'pipeline_tag', 'tags']);
  });

  test('says of how many examples an accuracy is', async () => {
    const { fields } = readCard(modelCard(await published({ hellaswagExamples: 503 }), OPTIONS));
    expect(JSON.stringify(fields['model-index'])).toContain('"HellaSwag (503 of 10042 examples)"');
  });

  test.each(['true', '1.0', 'a: b', '- x', 'null', "it's", 'a"b'])('the name part %j stays a text', async (name) => {
    const { fields } = readCard(modelCard(await published(), { name: `owner/${name}`, license: undefined }));
    expect(fields).toMatchObject({ 'model-index': [{ name }] });
  });
});

describe('the text', () => {
  test('has the network, the data, the results at the step, samples, settings, and how to use it', async () => {
    const source = `HuggingFaceFW/fineweb-edu sample-10BT @ ${COMMIT}`;
    const { text } = readCard(modelCard(await trainedOn(source), OPTIONS));
    expect(text).toMatch(/^# tales\n\nA GPT-2 of 3,424,704 parameters, pretrained from scratch for 500 steps with/);
    expect(text).toContain('| layers × heads × channels | 4 × 4 × 64 |');
    expect(text).toContain(`| data | HuggingFaceFW/fineweb-edu sample-10BT @ ${COMMIT} |`);
    expect(text).toContain('| training tokens | 1,346,986 |');
    expect(text).toContain('| trained on | 512,000 tokens in 500 steps |');
    expect(text).toContain('| time | 4 m 10 s on A Processor, 2 threads |');
    expect(text).toMatch(/\| validation loss \| 3\.\d{4} \|/);
    expect(text).toContain('| HellaSwag, normalized accuracy | 0.2906 |');
    expect(text).toContain('![Training and validation loss](loss.png)');
    expect(text).toContain('After 500 steps:\n\n```text\nOnce </script> <b>500</b> "times"\nand again\n```');
    expect(text).toContain('pipeline("text-generation", model="owner/tales")');
    expect(text).toContain("npx minillm sample --checkpoint hf:owner/tales --prompt 'Once'");
    expect(text).toContain('| peak learning rate | 0.001 |');
    expect(text).not.toContain('undefined');
    expect(text).not.toContain('NaN');
  });

  test('of a folder that no run has written is about the network alone', async () => {
    const run = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 600 });
    const { state: _, run: __, ...rest } = await readPublishedModel(run, { withOptimizer: false });
    const { text } = readCard(modelCard({ ...rest, state: undefined, run: undefined }, OPTIONS));
    expect(text).toContain('A GPT-2 of 3,424,704 parameters.\n');
    expect(text).not.toMatch(/## (Results|Samples|Settings)/);
  });

  test('names no folder of this machine', async () => {
    const model = await trainedOn('book.txt', { data: '/home/me/data', out: '/home/me/out', init: '/home/me/weights' });
    const card = modelCard(model, OPTIONS);
    expect(card).not.toContain('/home/me');
    expect(card).toContain('trained on from the weights of another model');
  });
});

test('weights and metrics up to the step are published, what a run resumes from only if asked for', async () => {
  const run = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 600 });
  const { files, run: measured } = await readPublishedModel(run, { withOptimizer: false });
  expect(files).toEqual(['config.json', 'model.safetensors']);
  const lines = measured?.metrics.trim().split('\n') ?? [];
  expect(lines.filter((line) => line.includes('"train"'))).toHaveLength(500);
  expect(lines.at(-1)).toContain('"step":500,');
  const all = await readPublishedModel(run, { withOptimizer: true });
  expect(all.files).toEqual(['config.json', 'model.safetensors', 'optimizer.safetensors', 'state.json']);
});

test('other data in the place of the run’s is not called its data', async () => {
  const data = temporaryFolder();
  const run = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 600 });
  const state = join(run, 'step-00000500', 'state.json');
  const describe = (trainTokens: number): void =>
    writeFileSync(
      join(data, 'dataset.json'),
      JSON.stringify({
        ...{ formatVersion: 1, source: 'book.txt', documents: 1, validationTokens: 1, trainTokens, shards: [] },
        tokenizer: { name: 'gpt2', vocabularySize: 50_257, endOfText: 50_256 },
      }),
    );
  const { state: recorded } = await readPublishedModel(run, { withOptimizer: false });
  writeFileSync(state, JSON.stringify({ ...recorded, configuration: { data, trainTokens: 1000 } }));
  describe(1000);
  expect((await readPublishedModel(run, { withOptimizer: false })).dataset?.source).toBe('book.txt');
  describe(999);
  expect((await readPublishedModel(run, { withOptimizer: false })).dataset).toBeUndefined();
});
