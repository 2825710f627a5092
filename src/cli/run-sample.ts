/** @file What `minillm sample` does. */

import { openBackend } from '../backends/open.ts';
import { decode, END_OF_TEXT, encode, streamDecoder, VOCABULARY_SIZE } from '../data/tokenizer.ts';
import { type Gpt2Folder, openGpt2Folder } from '../formats/gpt2-folder.ts';
import type { Generator } from '../generate/generator.ts';
import { loadGenerator } from '../generate/load-model.ts';
import { DEFAULT_PROMPT_LENGTH, DEFAULT_STREAMS } from '../generate/programs.ts';
import { checkRequest, type GenerationRequest, type StreamEnd } from '../generate/stream.ts';
import { resolveCheckpoint } from '../runs/checkpoints.ts';
import { UserError } from '../support/errors.ts';
import { formatCount, formatDuration } from '../support/format.ts';
import { Progress } from './progress.ts';

export interface SampleFlags {
  readonly checkpoint: string;
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly count: number;
  readonly precision: 'fp32' | 'bf16';
  readonly threads: number;
  readonly device: 'cpu';
  readonly json?: true;
}

/** Generates the texts and prints them. */
export async function runSample(flags: SampleFlags): Promise<void> {
  const folder = await openGpt2Folder(await resolveCheckpoint(flags.checkpoint));
  try {
    const request = requestOf(flags, folder);
    const { device, threads, precision } = flags;
    const progress = new Progress();
    progress.update(`loading ${folder.path}`);
    const backend = await openBackend({ device, threads, precision });
    try {
      const generator = await loadGenerator(backend, folder, {
        streams: Math.min(flags.count, DEFAULT_STREAMS),
        positions: (request.prompts[0]?.length ?? 0) + flags.tokens,
        promptLength: DEFAULT_PROMPT_LENGTH,
        precision,
      });
      progress.clear();
      if (flags.json) await printJson(generator, request, flags, folder.path);
      else await printTexts(generator, request, flags.prompt);
    } finally {
      await backend.close();
    }
  } finally {
    await folder.close();
  }
}

/** The request, checked before the model is loaded. */
function requestOf(flags: SampleFlags, { path, config }: Gpt2Folder): GenerationRequest {
  const { tokens, temperature, topK, topP, seed, count } = flags;
  const { vocabularySize, contextLength: positions } = config;
  if (vocabularySize < VOCABULARY_SIZE) {
    throw new UserError(
      `${path}: expected a model with GPT-2's vocabulary of ${VOCABULARY_SIZE} tokens, found one of ${vocabularySize}`,
    );
  }
  const prompt = flags.prompt === '' ? [END_OF_TEXT] : encode(flags.prompt);
  const request = {
    prompts: Array.from({ length: count }, () => prompt),
    tokens,
    temperature,
    topK,
    topP,
    seed,
    stopAt: END_OF_TEXT,
    vocabularySize: VOCABULARY_SIZE,
  };
  checkRequest(request, { positions, vocabularySize });
  return request;
}

/** The texts in order, the one whose turn it is as its tokens come; how fast it went on stderr. */
async function printTexts(generator: Generator, request: GenerationRequest, prompt: string): Promise<void> {
  const texts = request.prompts.map(() => ({ decoder: streamDecoder(), waiting: prompt, ended: false }));
  let printed = 0;
  const print = (): void => {
    for (let text = texts[printed]; text; text = texts[printed]) {
      process.stdout.write(text.waiting);
      text.waiting = '';
      if (!text.ended) return;
      printed++;
      process.stdout.write(printed < texts.length ? '\n---\n' : '\n');
    }
  };
  print();
  const started = performance.now();
  let count = 0;
  for await (const event of generator.generate(request)) {
    const text = texts[event.stream]!;
    if ('token' in event) {
      count++;
      text.waiting += text.decoder.push(event.token);
    } else {
      text.waiting += text.decoder.end();
      text.ended = true;
    }
    print();
  }
  const seconds = (performance.now() - started) / 1000;
  console.error(`${formatCount(count)} tokens in ${formatDuration(seconds)}, ${(count / seconds).toFixed(1)} tokens/s`);
}

async function printJson(
  generator: Generator,
  request: GenerationRequest,
  { prompt, temperature, topK, topP, seed }: SampleFlags,
  checkpoint: string,
): Promise<void> {
  const texts = request.prompts.map(() => ({ tokens: [] as number[], ended: 'interrupted' as StreamEnd }));
  const started = performance.now();
  for await (const event of generator.generate(request)) {
    const text = texts[event.stream]!;
    if ('token' in event) text.tokens.push(event.token);
    else text.ended = event.ended;
  }
  const seconds = (performance.now() - started) / 1000;
  const count = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const samples = texts.map(({ tokens, ended }) => ({ text: prompt + decode(tokens), tokens, ended }));
  const settings = { checkpoint, prompt, temperature, topK, topP, seed };
  console.log(JSON.stringify({ ...settings, samples, seconds, tokensPerSecond: count / seconds }));
}
