import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parameterCount } from '#minillm/model/flops.js';
import { PRESETS } from '#minillm/model/presets.js';
import { readRunFacts, writeRunFacts } from '#minillm/runs/run-facts.js';
import { writeSyntheticRun } from '../report/synthetic-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const configuration = { preset: 'tiny', steps: 300 };
const versions = { device: 'A Processor, 1 thread' };

test('what a process writes about its run is read back, model included, and the last process wins', async () => {
  const folder = temporaryFolder();
  expect(await readRunFacts(folder)).toBeUndefined();
  await writeRunFacts(folder, PRESETS.tiny, { configuration: { ...configuration, threads: 4 }, versions });
  await writeRunFacts(folder, PRESETS.tiny, { configuration, versions });
  expect(await readRunFacts(folder)).toEqual({ configuration, versions, parameters: parameterCount(PRESETS.tiny) });
});

test('a run whose run.json is missing or damaged is known by its newest checkpoint', async () => {
  const folder = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 700 });
  const known = { configuration: { preset: 'tiny', steps: 700 }, versions: { minillm: '0.1.0' } };
  expect(await readRunFacts(folder)).toMatchObject(known);
  writeFileSync(join(folder, 'run.json'), '{"configuration":');
  expect(await readRunFacts(folder)).toMatchObject(known);
  await writeRunFacts(folder, PRESETS.tiny, { configuration, versions });
  expect(await readRunFacts(folder)).toMatchObject({ configuration: { steps: 300 } });
});
