/** @file What `minillm quickstart` does: makes stories, trains a tiny GPT-2 on them, shows its texts before and after. */

import type { DeviceName } from '../../backends/device-names.ts';
import { buildDataset } from '../../data/sharding/build-dataset.ts';
import { DEFAULT_STORIES, DEFAULT_STORY_SEED, storyCorpus } from '../../data/stories/stories.ts';
import { readMetrics } from '../../runs/metrics.ts';
import { exists } from '../../support/files.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { resolveSettings } from '../../train/resolve-settings.ts';
import { train } from '../../train/trainer.ts';
import { terminalLink } from '../terminal/link.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { withoutControls } from '../terminal/text-width.ts';
import { StepTimes, startLines, stepLine } from '../train/lines.ts';
import { lossChart } from './loss-chart.ts';

export interface QuickstartFlags {
  readonly data: string;
  readonly out: string;
  readonly steps: number;
  readonly threads: number;
  readonly device: DeviceName;
}

const PROMPT = 'Once';
/** Enough for a whole story. */
const SAMPLE_TOKENS = 120;
const SAMPLE_TEMPERATURE = 0.6;
/** Few enough that an evaluation takes seconds. */
const EVAL_TOKENS = 32_768;
/** Texts shown of each model, the untrained and the trained one. */
const SHOWN_TEXTS = 3;
const STEPS_PER_LINE = 20;
/** Of the app. */
const PORT = 7860;

/** Makes the corpus unless it is there, trains, and shows the result. */
export async function runQuickstart({ data, out, steps, threads, device }: QuickstartFlags): Promise<void> {
  const started = performance.now();
  if (!(await exists(`${data}/dataset.json`))) await makeStories(data, threads);
  const run = await resolveSettings({
    data,
    out,
    steps,
    threads,
    device,
    preset: 'tiny',
    precision: 'bf16',
    evalEvery: 100,
    evalTokens: EVAL_TOKENS,
    checkpointEvery: 100,
    sampleEvery: steps,
    samplePrompt: PROMPT,
    sampleTokens: SAMPLE_TOKENS,
    sampleTemperature: SAMPLE_TEMPERATURE,
  });
  const times = new StepTimes();
  await abortOnSignals(async (signal) => {
    for await (const event of train(run, { signal })) {
      if (event.kind === 'start') console.log([...startLines(event), ''].join('\n'));
      if (event.kind === 'train') {
        const left = times.left(event, steps);
        if (event.step % STEPS_PER_LINE === 0 || event.step === steps - 1) console.log(stepLine(event, left));
      }
      if (event.kind === 'eval')
        console.log(`step ${event.step} | validation loss: ${event.validationLoss?.toFixed(4)}`);
      if (event.kind === 'end' && !event.interrupted) console.log(await summary(out, steps, started));
    }
  });
}

async function makeStories(folder: string, workers: number): Promise<void> {
  const corpus = storyCorpus({ count: DEFAULT_STORIES, seed: DEFAULT_STORY_SEED });
  const { description } = await buildDataset({ folder, corpus, workers });
  const { trainTokens, validationTokens, documents } = description;
  const counts = `${formatCount(documents)} synthetic stories, ${formatCount(trainTokens + validationTokens)} tokens`;
  console.log(`${folder}: ${counts}`);
}

/** The loss curve, the texts of both models, and where to go from here. */
async function summary(out: string, steps: number, started: number): Promise<string> {
  const metrics = await readMetrics(out);
  const losses = metrics.flatMap((line) => (line.kind === 'train' ? [{ step: line.step, value: line.loss }] : []));
  const texts = (step: number): string[] =>
    metrics.flatMap((line) => (line.kind === 'sample' && line.step === step ? [line.text] : [])).slice(0, SHOWN_TEXTS);
  const validation = metrics.findLast((line) => line.kind === 'eval')?.validationLoss;
  const quote = (text: string): string => `  | ${withoutControls(text.trim()).replaceAll('\n', '\n  | ')}\n`;
  const checkpoint = shellWord(out);
  return [
    lossChart(losses, process.stdout.columns),
    `Untrained, it continues "${PROMPT}" like this:`,
    ...texts(0).map(quote),
    `Trained for ${formatCount(steps)} steps, it continues like this (validation loss ${validation?.toFixed(4)}):`,
    ...texts(steps).map(quote),
    `That took ${formatDuration((performance.now() - started) / 1000)}. The run is in ${out}. Next:`,
    `  in the browser     node bin/minillm.js serve --checkpoint ${checkpoint} --port ${PORT}`,
    `                     and open ${terminalLink(`http://127.0.0.1:${PORT}/`)}`,
    `  more stories       node bin/minillm.js sample --checkpoint ${checkpoint} --prompt "One day" --count 4`,
    '  your own text      node bin/minillm.js data text FILE.txt --out data/mine',
    '                     node bin/minillm.js train --data data/mine --out out/mine --preset tiny --steps 2000',
    '  GPT-2 itself       node bin/minillm.js train --data data/mine --out out/124m --preset gpt2-124m --precision bf16 --sequence-length 256 --total-batch-size 8192',
  ].join('\n');
}
