/**
 * @file Greedy generation by llama.cpp through node-llama-cpp, as bench/generation.ts: `--input` is a GGUF file of the same
 * weights, `--installed` a folder in which the package was installed.
 */

import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { workArguments } from '../arguments.ts';
import { PROMPT } from '../model.ts';
import { report } from '../report.ts';

/** As much of node-llama-cpp as is used here; it is no dependency. */
interface NodeLlamaCpp {
  getLlama(options: { gpu: false; maxThreads: number; logLevel: 'error'; build: 'never' }): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      createContext(options: { sequences: number; contextSize: number; threads: number }): Promise<{
        getSequence(): Sequence;
      }>;
    }>;
  }>;
}

interface Sequence {
  evaluate(
    tokens: readonly number[],
    options: { temperature: number; yieldEogToken: boolean },
  ): AsyncGenerator<number, void>;
  clearHistory(): Promise<void>;
}

const { batch, length, threads, runs, input, installed } = workArguments();
const entry = createRequire(join(resolve(installed), 'package.json')).resolve('node-llama-cpp');
const { getLlama } = (await import(pathToFileURL(entry).href)) as NodeLlamaCpp;
const llama = await getLlama({ gpu: false, maxThreads: threads, logLevel: 'error', build: 'never' });
const model = await llama.loadModel({ modelPath: input });
const context = await model.createContext({ sequences: batch, contextSize: PROMPT.length + length, threads });
const sequences = Array.from({ length: batch }, () => context.getSequence());

async function generate(sequence: Sequence): Promise<void> {
  await sequence.clearHistory();
  let tokens = 0;
  for await (const _ of sequence.evaluate(PROMPT, { temperature: 0, yieldEogToken: true }))
    if (++tokens === length) return;
}

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const start = performance.now();
  await Promise.all(sequences.map(generate));
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s');
process.exit();
