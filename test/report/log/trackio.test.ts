import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { exportToTrackio } from '#minillm/report/export/trackio.js';
import { logRun, RunLog } from '#minillm/report/log/run-logger.js';
import { TrackioLogger, trackioInbox, trackioProject } from '#minillm/report/log/trackio.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeSyntheticRun } from '../synthetic-run.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const RUN = { project: 'stories', name: 'tiny', id: 'run-1', config: { steps: 3 } };
const at = (step: number) => ({ step, time: 1_700_000_000 + step });

/** The records of all files, in the order in which trackio imports them. */
function records(inbox: string): Record<string, unknown>[] {
  return readdirSync(inbox, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(inbox, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a record is one that trackio imports, the first with the settings', () => {
  const inbox = join(temporaryFolder(), 'inbox');
  const logger = new TrackioLogger(inbox, RUN);
  logger.logMetrics(at(0), { 'loss/train': 10.8 });
  logger.logText(at(1), 'samples/1', 'Once');
  logger.close();
  const common = { v: 1, kind: 'metric', project: 'stories', run: 'tiny', run_id: 'run-1' };
  const log_id = expect.stringMatching(/^[0-9a-f]{32}$/);
  expect(records(inbox)).toEqual([
    {
      ...{ ...common, metrics: { 'loss/train': 10.8 }, step: 0, log_id },
      ...{ timestamp: '2023-11-14T22:13:20.000Z', config: { steps: 3 } },
    },
    {
      ...{ ...common, step: 1, timestamp: '2023-11-14T22:13:21.000Z', config: null, log_id },
      metrics: { 'samples/1': { _type: 'trackio.markdown', _value: '    Once' } },
    },
  ]);
  const [folder = ''] = readdirSync(inbox);
  expect(readdirSync(join(inbox, folder))).toEqual(['00000000.jsonl', '00000001.jsonl']);
});

test('the dashboard may remove the folder at any time', () => {
  const inbox = join(temporaryFolder(), 'inbox');
  const logger = new TrackioLogger(inbox, RUN);
  logger.logMetrics(at(0), { 'loss/train': 3 });
  const [folder = ''] = readdirSync(inbox);
  rmSync(join(inbox, folder), { recursive: true });
  logger.logMetrics(at(1), { 'loss/train': 2 });
  logger.close();
  expect(records(inbox).map(({ step }) => step)).toEqual([1]);
  expect(existsSync(join(inbox, folder, '00000001.jsonl'))).toBe(true);
});

test('what two processes tell of the same run has the same ids, so that it is imported once', async () => {
  const [run] = await readRuns([writeSyntheticRun(join(temporaryFolder(), 'run'), { steps: 50 })], undefined);
  if (!run) throw new Error('no run was read');
  const idsOf = (id: string): unknown[] => {
    const inbox = temporaryFolder();
    const logger = new TrackioLogger(inbox, { ...RUN, id });
    logRun(run, new RunLog(logger));
    logger.close();
    return records(inbox).map(({ log_id }) => log_id);
  };
  const ids = idsOf('run-1');
  // 50 steps, 2 evaluations, 2 samples
  expect(new Set(ids).size).toBe(54);
  expect(idsOf('run-1')).toEqual(ids);
  expect(idsOf('run-2').filter((id) => ids.includes(id))).toEqual([]);
});

test('a finished run goes to the inbox under the id that it was logged with, else one that stays the same', async () => {
  const folder = writeSyntheticRun(join(temporaryFolder(), 'book'), { steps: 20, planned: 20 });
  const exported = async (): Promise<Record<string, unknown>[]> => {
    const tracks = temporaryFolder();
    vi.stubEnv('TRACKIO_DIR', tracks);
    const [run] = await readRuns([folder], undefined);
    if (run) await exportToTrackio(run);
    return records(join(tracks, 'inbox'));
  };
  const first = await exported();
  expect(first[0]).toMatchObject({ project: 'minillm', run: 'book', config: { preset: 'tiny' }, step: 0 });
  const steps = first.flatMap(({ step, metrics }) => ('loss/train' in (metrics as object) ? [step] : []));
  expect(steps).toEqual([...Array(20).keys()]);
  expect((await exported()).map(({ log_id }) => log_id)).toEqual(first.map(({ log_id }) => log_id));
  writeFileSync(join(folder, 'trackio.json'), '{"id":"logged"}');
  expect((await exported())[0]).toMatchObject({ run_id: 'logged' });
});

test('the inbox is where TRACKIO_DIR says, else beside the cache of the Hugging Face hub', () => {
  vi.stubEnv('TRACKIO_DIR', '');
  vi.stubEnv('HF_HOME', '');
  vi.stubEnv('XDG_CACHE_HOME', '/cache');
  expect(trackioInbox()).toBe(join('/cache', 'huggingface', 'trackio', 'inbox'));
  vi.stubEnv('HF_HOME', '/hub');
  expect(trackioInbox()).toBe(join('/hub', 'trackio', 'inbox'));
  vi.stubEnv('TRACKIO_DIR', '/tracks');
  expect(trackioInbox()).toBe(join('/tracks', 'inbox'));
  vi.stubEnv('TRACKIO_PROJECT', '');
  expect(trackioProject()).toBe('minillm');
});
