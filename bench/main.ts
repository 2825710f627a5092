/**
 * @file `npm run bench`: every work in a process of its own, ours and the peers' in turn; medians, ratios and shares of what the
 * machine gives at most, measured in the same rounds. `npm run bench -- --help` says more.
 */

import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { type Contender, listContenders, OURS, ROOF } from './contenders.ts';
import { readOptions } from './options.ts';
import { Prepared } from './prepared.ts';
import type { Report } from './report.ts';
import { measureInTurn, runProcess } from './rounds.ts';
import { type Row, summarise } from './summary.ts';
import { type Columns, tableHead, tableRow } from './table.ts';
import { chooseWorks, GROUPS, type Group } from './works.ts';

const FOOTNOTE = `
×: how many times faster than this peer, the median over the rounds of the ratio within a round.
of peak: the share of the multiply-adds, or in generation of the memory reads, that the processor gave at most in that round.`;

const options = readOptions(process.argv.slice(2));
const groups = chooseWorks(GROUPS, options);
if (groups.length === 0) {
  const names = GROUPS.flatMap(({ works }) =>
    works.map(({ name, opens }) => `${name}${opens === 'texts' ? ' (with --texts)' : ''}`),
  );
  console.error(`expected --only to match a work, found ${options.only}; there are: ${names.join(', ')}`);
  process.exit(1);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    process.exitCode = 130;
    interruption.abort();
  });

const toStandardOutput = options.json === true;
const say = (line: string): void => {
  if (!toStandardOutput) console.log(line);
};
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
};

const machine = await compileKernels();
const start = { date: new Date().toISOString(), load: loadavg()[0] ?? 0 };
say(`${machine}; load ${start.load.toFixed(1)}, Node ${process.versions.node}, rounds in turn: ${options.rounds}`);

const prepared = new Prepared(options);
const tables: { title: string; rows: Row[] }[] = [];
try {
  for (const group of groups) tables.push({ title: group.title, rows: await measure(group) });
} finally {
  await prepared.remove();
}
say(`${FOOTNOTE}\nload at the end: ${(loadavg()[0] ?? 0).toFixed(1)}`);
if (options.json) {
  const text = `${JSON.stringify({ machine, ...start, loadAtEnd: loadavg()[0], tables }, null, 2)}\n`;
  if (options.json === true) process.stdout.write(text);
  else await writeFile(options.json, text);
}

/** Runs a group's works and prints each row when it is known; an interruption leaves the rows printed so far. */
async function measure({ title, works, showsMemory = false }: Group): Promise<Row[]> {
  const measurable = works.map((work) => ({ work, contenders: listContenders(work, options, prepared) }));
  const names = new Set(measurable.flatMap(({ contenders }) => contenders.map(({ name }) => name)));
  const columns: Columns = {
    peers: [...names].filter((name) => name !== OURS && name !== ROOF),
    share: names.has(ROOF),
    memory: showsMemory,
  };
  const rows: Row[] = [];
  if (interruption.signal.aborted) return rows;
  say(tableHead(title, columns));
  for (const { work, contenders } of measurable) {
    const rounds = await measureInTurn(contenders, options.rounds, (contender, round) => {
      progress(`${work.name}, round ${round + 1} of ${options.rounds}: ${contender.name} …`);
      return perform(contender);
    });
    progress('');
    if (interruption.signal.aborted) break;
    const measured = summarise(work.name, rounds);
    for (const row of measured) say(tableRow(row, columns));
    for (const [name, said] of rounds.failures) console.error(`  ${work.name}: ${name} failed: ${said}`);
    if (rounds.failures.has(OURS)) process.exitCode = 1;
    rows.push(...measured);
  }
  return rows;
}

async function perform(contender: Contender): Promise<Report> {
  interruption.signal.throwIfAborted();
  return runProcess(await contender.command(), interruption.signal);
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
