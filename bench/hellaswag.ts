/**
 * @file HellaSwag with GPT-2 124M: `--batch` examples of random tokens, `--length` tokens in a packed run at most. Examples
 * a second. Peer: peers/hellaswag.py.
 */

import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { hellaswag } from '#minillm/eval/hellaswag.js';
import { planScoring } from '#minillm/eval/programs.js';
import { Scorer } from '#minillm/eval/scorer.js';
import { layoutForInference } from '#minillm/generate/programs.js';
import { workArguments } from './arguments.ts';
import { CONFIG, fillParameters, randomTokens } from './model.ts';
import { report } from './report.ts';

/** Tokens of an example whose lengths are HellaSwag's means: context 51.3, endings 31.5, the longest of four 39.8. */
const CONTEXT = 51;
const ENDINGS = [20, 28, 38, 40];

const { batch, length, precision, threads, runs } = workArguments();
const layout = layoutForInference(CONFIG);
const backend = await openCpuBackend({ precision, threads });
const score = planScoring(CONFIG, layout, backend, { tokens: length, top: 0, precision });
const session = new Session(backend, layout, { score });
await fillParameters(session, layout);
const scorer = new Scorer(session.program('score'), CONFIG.contextLength);

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const requests = Array.from({ length: batch }, () => ({
    context: randomTokens(CONTEXT),
    continuations: ENDINGS.map(randomTokens),
  }));
  const task = { requests, labels: requests.map(() => 0) };
  const start = performance.now();
  for await (const _ of hellaswag(scorer, task, singleProcess));
  if (run >= 0) rates.push(batch / ((performance.now() - start) / 1000));
}
report(rates, 'examples/s');
await backend.close();
