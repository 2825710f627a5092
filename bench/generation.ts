/** @file Generation with `--preset`, `--batch` streams together, `--length` new tokens each. Peer: peers/generation.py. */

import { Session } from '#minillm/engine/runtime/session.js';
import { Generator } from '#minillm/generate/generator.js';
import { layoutForInference, planGeneration } from '#minillm/generate/programs.js';
import { parameterCount } from '#minillm/model/flops.js';
import { inferenceTypes } from '#minillm/model/inference-precision.js';
import { PRESETS } from '#minillm/model/presets.js';
import { workArguments } from './arguments.ts';
import { openDevice } from './device.ts';
import { fillParameters, PROMPT } from './model.ts';
import { report } from './report.ts';

const work = workArguments();
const { batch, length, inferencePrecision, runs } = work;
const config = PRESETS[work.preset];
const types = inferenceTypes(inferencePrecision);
const layout = layoutForInference(config);
const positions = length + 8;
const backend = await openDevice(work);
const extents = { streams: batch, positions, promptLength: 8, ...types };
const plans = planGeneration(config, layout, backend, extents);
const session = new Session(backend, layout, { ...plans });
await fillParameters(session, layout, config);
const generator = new Generator(session);

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const start = performance.now();
  const prompts = Array.from({ length: batch }, () => PROMPT);
  await generator.complete({ prompts, tokens: length, temperature: 0, topK: 0, topP: 1, seed: 0 });
  if (run >= 0) rates.push((batch * length) / ((performance.now() - start) / 1000));
}
report(rates, 'tok/s', { bytes: bytesPerToken() });
await backend.close();

/**
 * What a token has to read in this precision: its share of the weights, which all streams read together, and its own keys and
 * values of the positions before it (half of them on average).
 */
function bytesPerToken(): number {
  const { layers, channels, contextLength } = config;
  const weights = parameterCount(config) - contextLength * channels;
  const keysAndValues = 2 * layers * channels * (PROMPT.length + length / 2);
  const weightBytes = { fp32: 4, bf16: 2, int8: 1 }[inferencePrecision];
  const activationBytes = { fp32: 4, bf16: 2 }[types.precision];
  return (weightBytes * weights) / batch + activationBytes * keysAndValues;
}
