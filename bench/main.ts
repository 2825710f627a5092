/**
 * @file `npm run bench`: each work in a process of its own, ours and with `--python PATH` the peers' in turn, so that both see
 * the same machine. Medians over the rounds, ratios, peak memory; `--json` for programs, `--only NAME` for some works,
 * `--rounds N`.
 *
 *   npm run bench -- --python ~/torch/bin/python --only train
 */

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Work {
  readonly name: string;
  readonly ours: string;
  readonly peer: string;
  readonly flags: readonly string[];
  /** Whether PyTorch's compiler takes part too. */
  readonly compiles: boolean;
}

interface Measurement {
  readonly rate: number;
  readonly unit: string;
  readonly peakBytes: number;
}

const PRECISIONS = ['fp32', 'bf16'];
const flagsOf = (batch: number, length: number, precision: string): string[] => [
  '--batch',
  `${batch}`,
  '--length',
  `${length}`,
  '--precision',
  precision,
];

const WORKS: readonly Work[] = PRECISIONS.flatMap((precision) => [
  ...[64, 256, 1024].map((length) => ({
    name: `train 4×${length} ${precision}`,
    ...{ ours: 'train-step', peer: 'train_step', flags: flagsOf(4, length, precision), compiles: true },
  })),
  {
    name: `forward 4×1024 ${precision}`,
    ...{ ours: 'forward', peer: 'forward', flags: flagsOf(4, 1024, precision), compiles: false },
  },
  ...[1, 8].map((streams) => ({
    name: `generate ${streams} stream${streams > 1 ? 's' : ''} ${precision}`,
    ...{ ours: 'generation', peer: 'generation', flags: flagsOf(streams, 64, precision), compiles: false },
  })),
]);

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const { python } = values;
const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function measure(command: string, args: readonly string[]): Measurement {
  const printed = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Measurement;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const table: Record<string, string | number>[] = [];
for (const { name, ours, peer, flags, compiles } of WORKS.filter((work) => work.name.includes(values.only))) {
  const measured: Record<'ours' | 'eager' | 'compiled', Measurement[]> = { ours: [], eager: [], compiled: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    measured.ours.push(measure(process.execPath, [place(`${ours}.js`), ...flags]));
    if (!python) continue;
    const script = place(`../bench/peers/${peer}.py`);
    measured.eager.push(measure(python, [script, ...flags]));
    if (compiles) measured.compiled.push(measure(python, [script, ...flags, '--compile']));
  }
  const rate = (of: readonly Measurement[]): number => Number(median(of.map((each) => each.rate)).toFixed(1));
  const gigabytes = (of: readonly Measurement[]): number =>
    Number((median(of.map((each) => each.peakBytes)) / 1e9).toFixed(2));
  const row: Record<string, string | number> = { work: name, unit: 'tok/s', ours: rate(measured.ours) };
  for (const kind of ['eager', 'compiled'] as const)
    if (measured[kind].length > 0) {
      row[kind] = rate(measured[kind]);
      row[`× ${kind}`] = Number((rate(measured.ours) / rate(measured[kind])).toFixed(2));
    }
  row.GB = gigabytes(measured.ours);
  if (measured.eager.length > 0) row['GB eager'] = gigabytes(measured.eager);
  table.push(row);
  if (!values.json)
    console.log(
      Object.entries(row)
        .map(([key, value]) => `${key} ${value}`)
        .join(' | '),
    );
}
if (values.json) console.log(JSON.stringify({ cpu: cpus()[0]?.model, date: new Date().toISOString(), table }, null, 2));
else console.table(table);
