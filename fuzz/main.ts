/**
 * @file `npm run fuzz`: mutated files for every reader and mutated requests for the servers, target after target, each in worker
 * processes of its own. `npm run fuzz -- --help` says more. Exit code 1 when anything failed.
 */

import { fileURLToPath } from 'node:url';
import { type CampaignReport, MAX_FAILURES, runCampaign } from './campaign.ts';
import { makeInput } from './input.ts';
import { keepFailure } from './kept.ts';
import { readOptions } from './options.ts';
import { tableHead, tableRow, totalLine } from './table.ts';
import type { Target } from './target.ts';
import { modulePath, TARGETS } from './targets.ts';

const KEPT = fileURLToPath(new URL('../out/fuzz', import.meta.url));
/** As many files as there are for each request. */
const FILES_A_REQUEST = 10;

const { minutes, inputs, seed, only, index, processes } = readOptions(process.argv.slice(2));
const chosen = TARGETS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(
    `expected --only to name a target, found ${only}; there are: ${TARGETS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    process.exitCode = 130;
    interruption.abort();
  });

const targetWeight = ({ kind, share = 1 }: Target): number =>
  ((kind === 'file' ? FILES_A_REQUEST : 1) * share) / count(kind);
const count = (kind: Target['kind']): number =>
  chosen.filter((target) => target.kind === kind).reduce((sum, { share = 1 }) => sum + share, 0);
const totalWeight = chosen.reduce((sum, target) => sum + targetWeight(target), 0);

console.log(`seed ${seed}, ${processes} processes\n\n${tableHead()}`);
const reports: CampaignReport[] = [];
for (const target of chosen) {
  if (interruption.signal.aborted) break;
  const report = await fuzz(target);
  reports.push(report);
  console.log(tableRow(target.name, report));
}
console.log(`\n${totalLine(reports, seed)}`);
if (reports.some(({ failures }) => failures > 0)) process.exitCode = 1;

async function fuzz(target: Target): Promise<CampaignReport> {
  const share = targetWeight(target) / totalWeight;
  const seeds = await target.seeds();
  const { signal } = interruption;
  const range =
    index !== undefined
      ? { from: index, to: index + 1, signal }
      : inputs !== undefined
        ? { to: Math.max(seeds.length, Math.ceil(inputs * share)), signal }
        : {
            to: Number.MAX_SAFE_INTEGER,
            signal: AbortSignal.any([signal, AbortSignal.timeout((60_000 * minutes) / chosen.length)]),
          };
  let failures = 0;
  return runCampaign({
    target: modulePath(target.name),
    seed,
    processes: index === undefined ? processes : 1,
    ...range,
    onFailure: (failure) => {
      const path = keepFailure(
        KEPT,
        { target: target.name, seed, ...failure },
        makeInput(target, seeds, seed, failure.index),
      );
      console.log(`  ${path}: ${failure.reason}`);
      if (++failures === MAX_FAILURES)
        console.log(`  ${target.name}: ${failures} failures; its other inputs are left out`);
    },
  });
}
