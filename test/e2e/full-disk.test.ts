/** @file A disk that becomes full while a run writes to it: the run ends in one line, and goes on once there is room. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { singleProcess } from '#minillm/engine/runtime/communicator.js';
import { readGpt2Config } from '#minillm/formats/gpt2-config-file.js';
import { listCheckpoints, stepFolder } from '#minillm/runs/checkpoints.js';
import { metricsPath, readMetrics } from '#minillm/runs/metrics.js';
import { readTrainingState } from '#minillm/runs/state.js';
import { UserError } from '#minillm/support/errors.js';
import { Random } from '#minillm/support/random.js';
import { writeCheckpoint } from '#minillm/train/checkpoint.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { resolveSettings } from '#minillm/train/resolve-settings.js';
import type { GivenSettings } from '#minillm/train/settings.js';
import { train } from '#minillm/train/trainer.js';
import { minillm } from '../cli/minillm.ts';
import { writeBin } from '../data/shard-files.ts';
import { fillDisk, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));
const FIRST_CHECKPOINT = 25;
const STEPS = 60;

type Given = GivenSettings & { readonly data: string; readonly out: string };

async function settings(out: string): Promise<Given> {
  const data = temporaryFolder();
  const random = new Random(5, 'tokens');
  const tokens = Array.from({ length: 3000 }, () => Math.floor(500 * random.uniform() ** 3));
  await writeBin(join(data, 'val_000000.bin'), tokens.slice(0, 500));
  await writeBin(join(data, 'train_000001.bin'), tokens.slice(500));
  return {
    ...{ data, out, init: FIXTURE, batchSize: 2, totalBatchSize: 96, steps: STEPS, threads: 2 },
    ...{ evalEvery: FIRST_CHECKPOINT, checkpointEvery: FIRST_CHECKPOINT, sampleEvery: 0 },
  };
}

/** Trains; `during` is told every event before the run goes on, and ends it by `stop`. */
async function run(chosen: Given, during: (event: TrainerEvent, stop: () => void) => void = () => {}): Promise<void> {
  const abort = new AbortController();
  for await (const event of train(await resolveSettings(chosen), { signal: abort.signal }))
    during(event, () => abort.abort());
}

/** Trains until there is a checkpoint. */
function runToCheckpoint(chosen: Given): Promise<void> {
  return run(chosen, ({ kind }, stop) => {
    if (kind === 'checkpoint') stop();
  });
}

/** Trains as `minillm train` does. */
function runCommand({ data, out }: Given) {
  const numbers = { 'batch-size': 2, 'total-batch-size': 96, steps: STEPS, threads: 2 };
  const times = { 'eval-every': FIRST_CHECKPOINT, 'checkpoint-every': FIRST_CHECKPOINT, 'sample-every': 0 };
  const flags = Object.entries({ data, out, init: FIXTURE, ...numbers, ...times });
  return minillm('train', ...flags.flatMap(([name, value]) => [`--${name}`, String(value)]));
}

/** What a run ended with, timings apart. */
async function results(out: string): Promise<unknown> {
  const metrics = await readMetrics(out);
  return {
    tensors: ['model.safetensors', 'optimizer.safetensors'].map((name) =>
      createHash('sha256')
        .update(readFileSync(join(stepFolder(out, STEPS), name)))
        .digest('hex'),
    ),
    metrics: metrics.map((line) => (line.kind === 'train' ? { ...line, ms: 0, tokensPerSecond: 0, mfu: 0 } : line)),
  };
}

/** What a run ends with to which nothing happens: its results, and the names in its folder. */
async function runUndisturbed(): Promise<{ readonly found: unknown; readonly names: string[] }> {
  const whole = await settings(join(temporaryFolder(), 'run'));
  await run(whole);
  return { found: await results(whole.out), names: readdirSync(whole.out).sort() };
}

let undisturbed: ReturnType<typeof runUndisturbed> | undefined;

/** Expects the finished run to be one that nothing happened to. */
async function expectUndisturbed(chosen: Given): Promise<void> {
  undisturbed ??= runUndisturbed();
  const { found, names } = await undisturbed;
  expect(await results(chosen.out)).toEqual(found);
  const lines = readFileSync(metricsPath(chosen.out), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  expect(readdirSync(chosen.out).sort()).toEqual(names);
}

test('no room for the next checkpoint: the run says what it needs, and goes on from the one before', async (context) => {
  const disk = smallDisk(context, 24);
  const chosen = await settings(join(disk, 'run'));
  await runToCheckpoint(chosen);
  const makeRoom = fillDisk(disk, 300_000);

  const { code, stdout, stderr } = await runCommand(chosen);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^minillm: .*run: a checkpoint needs [\d.]+ MB, [\d.]+ kB are free; make room, then the same command resumes.*\n$/,
  );
  expect(stdout).toContain(`step ${2 * FIRST_CHECKPOINT - 1} |`);
  const stepsOf = async (kind: string) =>
    (await readMetrics(chosen.out)).flatMap((line) => (line.kind === kind ? [line.step] : []));
  expect(await stepsOf('train')).toEqual([...Array(2 * FIRST_CHECKPOINT).keys()]);
  // the evaluation of the step waits for its checkpoint
  expect(await stepsOf('eval')).toEqual([0, FIRST_CHECKPOINT]);

  makeRoom();
  const resumed = await runCommand(chosen);
  expect(resumed.stdout).toContain(`resumed at step ${FIRST_CHECKPOINT}`);
  expect(resumed.code).toBe(0);
  await expectUndisturbed(chosen);
});

test('a disk that becomes full while a checkpoint is written keeps the one before and nothing of the new', async (context) => {
  const disk = smallDisk(context, 24);
  const chosen = await settings(join(disk, 'run'));
  await runToCheckpoint(chosen);
  const earlier = stepFolder(chosen.out, FIRST_CHECKPOINT);
  const { checksums: _, ...state } = await readTrainingState(earlier);
  const config = await readGpt2Config(join(earlier, 'config.json'));

  let makeRoom: (() => void) | undefined;
  const session = {
    async read(buffer: string) {
      // the weights are written, the moments are about to be
      if (buffer !== 'parameters') makeRoom ??= fillDisk(disk);
    },
    async write() {},
    layout: layoutParameters(new Graph({ batch: 1, length: 1 })),
  };
  const optimizer = adamwOptimizer({ weightDecay: 0.1 });
  const model = { session, config, optimizer, communicator: singleProcess };
  const writing = writeCheckpoint(chosen.out, model, { ...state, step: 2 * FIRST_CHECKPOINT });
  await expect(writing).rejects.toThrow(UserError);
  await expect(writing).rejects.toThrow(/optimizer\.safetensors: could not write it \(ENOSPC/);
  expect(readdirSync(chosen.out).sort()).toEqual(['metrics.jsonl', 'run.json', `step-000000${FIRST_CHECKPOINT}`]);
  expect(await listCheckpoints(chosen.out)).toHaveLength(1);

  makeRoom?.();
  await run(chosen);
  await expectUndisturbed(chosen);
});

test('a disk that becomes full between checkpoints leaves no torn or lost line in metrics.jsonl', async (context) => {
  const disk = smallDisk(context, 24);
  const chosen = await settings(join(disk, 'run'));
  let makeRoom = () => {};
  const filled = run(chosen, (event) => {
    if (event.kind === 'train' && event.step === FIRST_CHECKPOINT) makeRoom = fillDisk(disk);
  });
  await expect(filled).rejects.toThrow(UserError);
  await expect(filled).rejects.toThrow(/metrics\.jsonl: could not write it \(ENOSPC/);
  // written to the last byte of its last block, whatever line that falls into
  const written = readFileSync(metricsPath(chosen.out));
  expect(written.length % statfsSync(disk).bsize).toBe(0);

  await expect(run(chosen), 'a resume on the disk that is still full').rejects.toThrow(/could not write it \(ENOSPC/);
  expect(readFileSync(metricsPath(chosen.out))).toEqual(written);

  makeRoom();
  const starts: number[] = [];
  await run(chosen, (event) => {
    if (event.kind === 'start') starts.push(event.step);
  });
  expect(starts).toEqual([FIRST_CHECKPOINT]);
  await expectUndisturbed(chosen);
});
