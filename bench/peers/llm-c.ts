/**
 * @file Training steps of llm.c's train_gpt2.c, as bench/train-step.ts at 4×64 in fp32: `--input` is a folder with the program and
 * the files it opens. Its own line for each step says how long it took; it is ended after a few.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median } from '#minillm/support/median.js';
import { workArguments } from '../arguments.ts';
import { reportParts } from '../report.ts';

const { batch, length, threads, runs, input } = workArguments();
const environment = { ...process.env, OMP_NUM_THREADS: `${threads}` };
const child = spawn(join(input, 'train_gpt2'), { cwd: input, env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
process.once('SIGTERM', () => {
  child.kill();
  process.exit(1);
});

const rates: number[] = [];
for await (const line of createInterface({ input: child.stdout })) {
  const [, step, milliseconds] = /^step (\d+): .*took ([\d.]+) ms/.exec(line) ?? [];
  if (Number(step) >= 2) rates.push((batch * length) / (Number(milliseconds) / 1000));
  if (rates.length === runs) break;
}
if (rates.length < runs) throw new Error('llm.c ended before it had made enough steps');
const held = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
child.kill();
reportParts([{ part: '', value: median(rates), unit: 'tok/s' }], Number(held) * 1024);
