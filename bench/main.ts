/**
 * @file `npm run bench`: every work in a process of its own, ours and the peers' in turn; medians, ratios and shares of what the
 * machine gives at most, measured in the same rounds. `npm run bench -- --help` says more.
 */

import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { type Contender, contendersOf, OURS, ROOF } from './contenders.ts';
import { readOptions } from './options.ts';
import { Prepared } from './prepared.ts';
import { measureInTurn, runProcess } from './rounds.ts';
import { type Row, summarise } from './summary.ts';
import { type Columns, tableHead, tableRow } from './table.ts';
import { chooseWorks, GROUPS, type Group } from './works.ts';

const options = readOptions(process.argv.slice(2));
const quiet = options.json === true;
const say = (line: string): void => {
  if (!quiet) console.log(line);
};
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
};

const machine = await compileKernels();
const started = { date: new Date().toISOString(), load: loadavg()[0] ?? 0 };
say(`${machine}; load ${started.load.toFixed(1)}, Node ${process.versions.node}, ${options.rounds} rounds in turn`);

const prepared = new Prepared(options);
const tables: { title: string; rows: Row[] }[] = [];
try {
  for (const group of chooseWorks(GROUPS, options.only))
    tables.push({ title: group.title, rows: await measure(group) });
} finally {
  await prepared.remove();
}
say(
  '\n×: how many times faster than this peer, the median over the rounds of the ratio within a round. of peak: the share of the\n' +
    'multiply-adds, or in generation of the memory reads, that the processor gave at most in the same round.',
);
if (options.json) {
  const text = `${JSON.stringify({ machine, cpu: cpus()[0]?.model, ...started, loadAtEnd: loadavg()[0], tables }, null, 2)}\n`;
  if (options.json === true) process.stdout.write(text);
  else await writeFile(options.json, text);
}

/** Does a group's works and prints each row when it is known. */
async function measure({ title, works, showsMemory = false }: Group): Promise<Row[]> {
  const contenders = works.map((work) => contendersOf(work, options, prepared));
  const names = new Set(contenders.flat().map(({ name }) => name));
  const columns: Columns = {
    peers: [...names].filter((name) => name !== OURS && name !== ROOF),
    share: names.has(ROOF),
    memory: showsMemory,
  };
  say(tableHead(title, columns));
  const rows: Row[] = [];
  for (const [index, work] of works.entries()) {
    const rounds = await measureInTurn(contenders[index] ?? [], options.rounds, (contender, round) => {
      progress(`${work.name}, round ${round + 1} of ${options.rounds}: ${contender.name} …`);
      return start(contender);
    });
    progress('');
    const measured = summarise(work.name, rounds);
    for (const row of measured) say(tableRow(row, columns));
    for (const [name, said] of rounds.failures) console.error(`  ${work.name}: ${name} failed: ${said}`);
    if (rounds.failures.has(OURS)) process.exitCode = 1;
    rows.push(...measured);
  }
  return rows;
}

async function start(contender: Contender) {
  return runProcess(await contender.command());
}

/** Compiles the kernels before anything is timed; returns what the backend says of the machine. */
async function compileKernels(): Promise<string> {
  let description = '';
  for (const precision of ['fp32', 'bf16'] as const) {
    const backend = await openCpuBackend({ precision, threads: options.threads });
    ({ description } = backend);
    await backend.close();
  }
  return description;
}
