/** @file What `minillm sample` does. */

import type { DeviceName } from '../../backends/device-names.ts';
import { promptTokens } from '../../generate/prompt-tokens.ts';
import type { StreamEnd } from '../../generate/stream.ts';
import { loadModel } from '../../library/load-model.ts';
import type { TextModel } from '../../library/text-model.ts';
import type { InferencePrecision } from '../../model/inference-precision.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { Progress } from '../terminal/progress.ts';
import { withoutControls } from '../terminal/text-width.ts';

export interface SampleFlags {
  readonly checkpoint: string;
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly count: number;
  readonly precision: InferencePrecision;
  readonly threads: number;
  readonly device: DeviceName;
  readonly json?: true;
}

/** Texts that are generated together: as many as share one read of each weight (see linear.c). */
const MAX_STREAMS = 8;

/** Generates the texts and prints them. */
export async function runSample(flags: SampleFlags): Promise<void> {
  const { checkpoint, prompt, tokens, count, device, threads, precision, json } = flags;
  const progress = new Progress();
  const folder = await localCheckpoint(checkpoint, progress);
  progress.update(`loading ${checkpoint}`);
  const positions = promptTokens(prompt).length + tokens;
  const streams = Math.min(count, MAX_STREAMS);
  const model = await loadModel(folder, { device, threads, precision, streams, positions }).finally(() =>
    progress.clear(),
  );
  try {
    if (json) await printJson(model, flags);
    else await printTexts(model, flags);
  } finally {
    await model.close();
  }
}

/** Prints the texts in order, each piece as soon as its turn comes, and the speed on stderr. */
async function printTexts(model: TextModel, flags: SampleFlags): Promise<void> {
  const texts = Array.from({ length: flags.count }, () => ({ waiting: flags.prompt, ended: false }));
  let printed = 0;
  const print = (): void => {
    for (let text = texts[printed]; text; text = texts[printed]) {
      process.stdout.write(process.stdout.isTTY ? withoutControls(text.waiting) : text.waiting);
      text.waiting = '';
      if (!text.ended) return;
      printed++;
      process.stdout.write(printed < texts.length ? '\n---\n' : '\n');
    }
  };
  print();
  const started = performance.now();
  let count = 0;
  for await (const event of model.generate(flags.prompt, flags)) {
    const text = texts[event.index];
    if (!text) continue;
    if ('text' in event) text.waiting += event.text;
    else {
      text.ended = true;
      count += event.tokens.length;
    }
    print();
  }
  const seconds = (performance.now() - started) / 1000;
  console.error(`${formatCount(count)} tokens in ${formatDuration(seconds)}, ${(count / seconds).toFixed(1)} tokens/s`);
}

async function printJson(model: TextModel, flags: SampleFlags): Promise<void> {
  const { prompt, temperature, topK, topP, seed } = flags;
  const samples = Array.from({ length: flags.count }, () => ({
    text: prompt,
    tokens: [] as readonly number[],
    ended: 'interrupted' as StreamEnd,
  }));
  const started = performance.now();
  for await (const event of model.generate(prompt, flags)) {
    const sample = samples[event.index];
    if (!sample) continue;
    if ('text' in event) sample.text += event.text;
    else Object.assign(sample, { tokens: event.tokens, ended: event.ended });
  }
  const seconds = (performance.now() - started) / 1000;
  const count = samples.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const settings = { checkpoint: model.path, prompt, temperature, topK, topP, seed };
  console.log(JSON.stringify({ ...settings, samples, seconds, tokensPerSecond: count / seconds }));
}
