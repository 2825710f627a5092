/** @file From a 124M checkpoint in the folder `--input` to the first token of a text, in a fresh process. Peer: peers/loading.py. */

import { loadModel } from '#minillm/library/load-model.js';
import { workArguments } from './arguments.ts';
import { report } from './report.ts';

const { input, precision, threads, length } = workArguments();
const start = performance.now();
const model = await loadModel(input, { precision, threads, streams: 1, positions: length });
await model.generate('The quick brown fox', { tokens: 1, temperature: 0 }).next();
report([(performance.now() - start) / 1000], 's');
await model.close();
