/**
 * @file `npm run bench:cuda`, on a machine with a GPU: a training step of GPT-2 124M in bf16, ours and PyTorch's in turn, each
 * with the largest batch that fits it, and what each of our operations gets of the GPU. `--computed` prints what a step should take,
 * without one. It needs Node, the built package, and for PyTorch a Python with torch (`--python`).
 */

import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { messageOf } from '#minillm/support/errors.js';
import { median } from '#minillm/support/median.js';
import { compiledScript, fromBench } from '../places.ts';
import { operationsTable } from './operations.ts';
import { computedTable } from './step-cost.ts';
import type { OursOnGpu } from './train-step.ts';

const run = promisify(execFile);

const { values } = parseArgs({
  options: {
    computed: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    batches: { type: 'string', default: '64,32,16,8,4' },
    python: { type: 'string', default: 'python3' },
  },
});

type Measured = Pick<OursOnGpu, 'batch' | 'tokensPerSecond' | 'peakBytes'>;

/** The last line that a process prints. */
async function measure<Result extends Measured>(command: string, script: string): Promise<Result> {
  const { stdout } = await run(command, [script, '--batches', values.batches], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
}

function line(name: string, measured: readonly Measured[]): string {
  const [first] = measured;
  if (!first) return `${name.padEnd(12)}–`;
  const rates = measured.map(({ tokensPerSecond }) => tokensPerSecond);
  const cells = [
    `${first.batch}`,
    Math.round(median(rates)).toLocaleString('en'),
    rates.map((rate) => Math.round(rate / 1000)).join(' '),
    (first.peakBytes / 1e9).toFixed(1),
  ];
  return `${name.padEnd(12)}${cells.map((cell) => cell.padStart(16)).join('')}`;
}

function memoryLine({ peakBytes, planBytes }: OursOnGpu): string {
  const beside = (100 * (peakBytes - planBytes)) / planBytes;
  return `memory: ${(planBytes / 1e9).toFixed(2)} GB in the plan's buffers, ${(peakBytes / 1e9).toFixed(2)} GB taken, ${beside.toFixed(1)} % more`;
}

async function compare(): Promise<void> {
  const ours: OursOnGpu[] = [];
  const peers: Measured[] = [];
  let failure: string | undefined;
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(await measure<OursOnGpu>(process.execPath, compiledScript('gpu/train-step')));
    if (failure !== undefined) continue;
    try {
      peers.push(await measure(values.python, fromBench('peers/gpu_train_step.py')));
    } catch (cause) {
      failure = messageOf(cause).trim().split('\n').at(-1) ?? '';
    }
  }
  const last = ours.at(-1);
  if (last) console.log(`${last.device}\n\n${operationsTable(last)}\n\n${memoryLine(last)}\n`);
  if (failure !== undefined) console.log(`PyTorch was not measured: ${failure}\n`);
  console.log(
    `${''.padEnd(12)}${['batch', 'tokens/s', 'rounds, k', 'GB'].map((cell) => cell.padStart(16)).join('')}\n${line('miniLLM', ours)}\n${line('PyTorch', peers)}`,
  );
}

if (values.computed) console.log(computedTable());
else await compare();
