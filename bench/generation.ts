/** @file Generation with GPT-2 124M, `--batch` streams together, `--length` new tokens each. Peer: peers/generation.py. */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { Session } from '#minillm/engine/session.js';
import { Generator } from '#minillm/generate/generator.js';
import { layoutForInference, planGeneration } from '#minillm/generate/programs.js';
import { report, workArguments } from './arguments.ts';
import { CONFIG, fillParameters } from './model.ts';

const { batch, length, precision, threads, runs } = workArguments();
const layout = layoutForInference(CONFIG);
const positions = length + 8;
const packed = precision === 'bf16';
const plans = planGeneration(CONFIG, layout, { streams: batch, positions, promptLength: 8, precision, packed });
const backend = await openCpuBackend({ precision, threads });
const session = new Session(backend, layout, { ...plans });
fillParameters(session, layout);
const generator = new Generator({
  prefill: session.program('prefill'),
  decode: session.program('decode'),
  pack: session.program('pack'),
});

const prompt = [464, 2068, 7586, 21831];
const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const start = performance.now();
  const prompts = Array.from({ length: batch }, () => prompt);
  await generator.complete({ prompts, tokens: length, temperature: 0, topK: 0, topP: 1, seed: 0 });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s');
await backend.close();
