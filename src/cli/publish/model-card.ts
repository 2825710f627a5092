/** @file The model card, README.md of the repository: what the model is, how it was made, how good it is, how to use it. */

import { parameterCount } from '../../model/flops.ts';
import { formatMeasured } from '../../report/figure/number-format.ts';
import { ofExamples } from '../../report/series/hellaswag-examples.ts';
import { type RunSummary, summaryOf } from '../../report/series/summary.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { baseModel, frontMatter } from './front-matter.ts';
import type { PublishedModel } from './published-model.ts';

/** The picture of the loss in the repository. */
export const PICTURE = 'loss.png';

const PROJECT = 'https://github.com/minillm/minillm';
const SHOWN_SAMPLES = 3;

/** The settings that decide a run's numbers, and how the card calls them. */
const SHOWN_SETTINGS: readonly (readonly [key: string, name: string])[] = [
  ['steps', 'steps of the whole run'],
  ['totalBatchSize', 'tokens a step'],
  ['sequenceLength', 'sequence length'],
  ['optimizer', 'optimizer'],
  ['schedule', 'schedule'],
  ['learningRate', 'peak learning rate'],
  ['minLearningRate', 'final learning rate'],
  ['warmupSteps', 'warm-up steps'],
  ['warmdownSteps', 'warm-down steps'],
  ['weightDecay', 'weight decay'],
  ['gradientClip', 'gradient clipping'],
  ['precision', 'precision'],
  ['seed', 'seed'],
];

export interface CardOptions {
  /** `OWNER/NAME` */
  readonly name: string;
  readonly license: string | undefined;
}

export function modelCard(model: PublishedModel, { name, license }: CardOptions): string {
  const summary = model.run && summaryOf(model.run.curves);
  const prompt = promptOf(model);
  return [
    frontMatter(name, model, license),
    `# ${name.split('/')[1]}\n`,
    introduction(model),
    section('The model', table(modelRows(model, summary))),
    summary && model.run
      ? section('Results', `${table(resultRows(summary))}\n![Training and validation loss](${PICTURE})\n`)
      : '',
    section('Use', usage(name, prompt)),
    samples(model),
    model.state ? section('Settings', table(settingRows(model.state.configuration))) : '',
    section(
      'Limits',
      'The model continues text; it was not taught to follow instructions. What it writes may be wrong or hurtful, as the text it learned from may be.\n',
    ),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const section = (title: string, text: string): string => `## ${title}\n\n${text}`;

function introduction(model: PublishedModel): string {
  const { state, config } = model;
  const base = baseModel(model);
  const isContinued = typeof state?.configuration.init === 'string';
  const start = base
    ? `trained on from [${base}](https://huggingface.co/${base})`
    : isContinued
      ? 'trained on from the weights of another model'
      : 'pretrained from scratch';
  const how = state ? `, ${start} for ${formatCount(state.step)} steps with [miniLLM](${PROJECT})` : '';
  return `A GPT-2 of ${formatCount(parameterCount(config))} parameters${how}.\n`;
}

type Rows = readonly (readonly [name: string, value: string])[];

const table = (rows: Rows): string =>
  ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${cell(value)} |`), ''].join('\n');

/** Text that may be anything in a cell of a table. */
const cell = (text: string): string => text.replace(/[|\\`*_<[\]]/g, '\\$&').replace(/\s+/g, ' ');

function modelRows({ config, dataset, state }: PublishedModel, summary: RunSummary | undefined): Rows {
  const { layers, heads, channels, contextLength, vocabularySize } = config;
  const device = state?.versions.device;
  return [
    ['parameters', formatCount(parameterCount(config))],
    ['layers × heads × channels', `${layers} × ${heads} × ${channels}`],
    ['context', `${formatCount(contextLength)} tokens`],
    ['vocabulary', `${formatCount(vocabularySize)} tokens${vocabularySize === 50_257 ? ", GPT-2's" : ''}`],
    ...(dataset
      ? ([
          ['data', dataset.source],
          ['documents', formatCount(dataset.documents)],
          ['training tokens', formatCount(dataset.trainTokens)],
        ] as const)
      : []),
    ...(summary && Number.isFinite(summary.tokens)
      ? [['trained on', `${formatCount(summary.tokens)} tokens in ${formatCount(summary.steps)} steps`] as const]
      : []),
    ...(summary && Number.isFinite(summary.seconds)
      ? [['time', `${formatDuration(summary.seconds)}${device ? ` on ${device}` : ''}`] as const]
      : []),
  ];
}

function resultRows({ trainingLoss, validationLoss, hellaswag, hellaswagExamples }: RunSummary): Rows {
  const row = (name: string, value: number, note = ''): Rows =>
    Number.isFinite(value) ? [[name, `${formatMeasured(value, 4)}${note}`]] : [];
  return [
    ...row('training loss, smoothed', trainingLoss),
    ...row('validation loss', validationLoss),
    ...row('HellaSwag, normalized accuracy', hellaswag, ofExamples(hellaswagExamples)),
  ];
}

function usage(name: string, prompt: string): string {
  return [
    '```python',
    'from transformers import pipeline',
    '',
    `generate = pipeline("text-generation", model=${JSON.stringify(name)})`,
    `print(generate(${JSON.stringify(prompt)}, max_new_tokens=50, do_sample=True, top_k=50)[0]["generated_text"])`,
    '```',
    '',
    '```',
    `npx minillm sample --checkpoint hf:${name} --prompt ${shellQuoted(prompt)}`,
    `npx minillm serve --checkpoint hf:${name}`,
    '```',
    '',
  ].join('\n');
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function promptOf({ state }: PublishedModel): string {
  const prompt = state?.configuration.samplePrompt;
  return typeof prompt === 'string' && prompt !== '' ? prompt : 'Once';
}

/** What the model wrote last. */
function samples({ run }: PublishedModel): string {
  const all = run?.curves.samples ?? [];
  const step = all.at(-1)?.step;
  const last = all.filter((sample) => sample.step === step).slice(0, SHOWN_SAMPLES);
  if (last.length === 0) return '';
  const blocks = last.map(({ text }) => {
    const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
    return `${fence}text\n${text}\n${fence}\n`;
  });
  return section('Samples', `After ${formatCount(step ?? 0)} steps:\n\n${blocks.join('\n')}`);
}

function settingRows(configuration: Readonly<Record<string, unknown>>): Rows {
  return SHOWN_SETTINGS.flatMap(([key, name]): Rows => {
    const value = configuration[key];
    if (typeof value === 'string') return [[name, value]];
    if (typeof value !== 'number') return [];
    return [[name, key === 'seed' || value < 1000 ? String(value) : formatCount(value)]];
  });
}
