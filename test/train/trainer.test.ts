/** Whole runs of the small fixture model: what they write, and that stopping and resuming changes no bit. */

import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Metrics, readMetrics } from '#minillm/runs/metrics.js';
import { readRunFacts } from '#minillm/runs/run-facts.js';
import { Random } from '#minillm/support/random.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import { resolveSettings } from '#minillm/train/resolve-settings.js';
import type { GivenSettings } from '#minillm/train/settings.js';
import { train } from '#minillm/train/trainer.js';
import { writeBin } from '../data/shard-files.ts';
import { hellaswagFile } from '../eval/hellaswag-lines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));
const STEPS = 12;

/** Shards of text-like tokens: a few of the fixture's 500 are frequent, so that there is something to learn. */
async function shards(): Promise<string> {
  const folder = temporaryFolder();
  const random = new Random(5, 'tokens');
  const tokens = Array.from({ length: 3000 }, () => Math.floor(500 * random.uniform() ** 3));
  await writeBin(join(folder, 'val_000000.bin'), tokens.slice(0, 500));
  await writeBin(join(folder, 'train_000001.bin'), tokens.slice(500));
  return folder;
}

type Given = GivenSettings & { readonly data: string; readonly out: string };

async function settings(changes: Omit<GivenSettings, 'data' | 'out'> = {}): Promise<Given> {
  return {
    data: await shards(),
    out: join(temporaryFolder(), 'run'),
    init: FIXTURE,
    batchSize: 2,
    totalBatchSize: 96,
    steps: STEPS,
    warmupSteps: 2,
    evalEvery: 5,
    checkpointEvery: 4,
    sampleEvery: 0,
    threads: 2,
    keep: 20,
    ...changes,
  };
}

async function run(chosen: Given, until: (event: TrainerEvent) => boolean = () => false): Promise<TrainerEvent[]> {
  const events: TrainerEvent[] = [];
  const abort = new AbortController();
  for await (const event of train(await resolveSettings(chosen), { signal: abort.signal })) {
    events.push(event);
    if (until(event)) abort.abort();
  }
  return events;
}

const isTrain = (step: number) => (event: TrainerEvent) => event.kind === 'train' && event.step === step;

/** The run's numbers without its timings. */
async function numbers(out: string): Promise<unknown[]> {
  return (await readMetrics(out)).map((line: Metrics) =>
    line.kind === 'train' ? { ...line, ms: 0, tokensPerSecond: 0, mfu: 0 } : line,
  );
}

/** Hashes of a checkpoint's tensors: a matcher would compare every byte on its own. */
const tensorsOf = (out: string, step: number): string[] =>
  ['model.safetensors', 'optimizer.safetensors'].map((file) =>
    createHash('sha256')
      .update(readFileSync(join(out, `step-${String(step).padStart(8, '0')}`, file)))
      .digest('hex'),
  );

describe('a training run', () => {
  it('lowers the loss, and logs every step, evaluation and checkpoint once', async () => {
    const chosen = await settings();
    const events = await run(chosen);
    const losses = events.flatMap((event) => (event.kind === 'train' ? [event.loss] : []));
    expect(losses).toHaveLength(STEPS);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.2);
    const evaluated = events.flatMap((event) => (event.kind === 'eval' ? [event.step] : []));
    expect(evaluated).toEqual([0, 5, 10, STEPS]);
    const saved = events.flatMap((event) => (event.kind === 'checkpoint' ? [event.step] : []));
    expect(saved).toEqual([4, 5, 8, 10, STEPS]);
    const lines = await readMetrics(chosen.out);
    expect(lines.filter(({ kind }) => kind === 'train').map(({ step }) => step)).toEqual([...Array(STEPS).keys()]);
    expect(events.at(-1)).toEqual({ kind: 'end', step: STEPS, interrupted: false });
  });

  it('that is stopped and resumed ends with the bits of one that was not', async () => {
    const whole = await settings();
    await run(whole);
    const parts = { ...whole, out: join(temporaryFolder(), 'run') };
    const stopped = await run(parts, isTrain(5));
    expect(stopped.at(-1)).toMatchObject({ kind: 'end', interrupted: true });
    // A crash after the last checkpoint: its steps are trained again.
    rmSync(join(parts.out, 'step-00000006'), { recursive: true, force: true });
    const resumed = await run(parts);
    expect(resumed[0]).toMatchObject({ kind: 'start', step: 5 });
    expect(tensorsOf(parts.out, STEPS)).toEqual(tensorsOf(whole.out, STEPS));
    expect(await numbers(parts.out)).toEqual(await numbers(whole.out));
  });

  it('that is stopped in its last evaluation saves what it trained, and evaluates it when it resumes', async () => {
    const chosen = await settings({ checkpointEvery: 0, evalEvery: STEPS });
    const stopped = await run(
      chosen,
      ({ kind, ...event }) => kind === 'progress' && 'step' in event && event.step === STEPS,
    );
    expect(stopped.slice(-2)).toMatchObject([
      { kind: 'checkpoint', step: STEPS },
      { kind: 'end', step: STEPS, interrupted: true },
    ]);
    expect((await readMetrics(chosen.out)).at(-1)).toMatchObject({ kind: 'train', step: STEPS - 1 });
    const resumed = await run(chosen);
    expect(resumed.filter(({ kind }) => kind !== 'progress')).toMatchObject([
      { kind: 'start', step: STEPS },
      { kind: 'eval', step: STEPS },
      { kind: 'end', step: STEPS, interrupted: false },
    ]);
  });

  it('that is asked to stop before it has begun trains and evaluates nothing', async () => {
    const abort = new AbortController();
    abort.abort();
    const kinds: string[] = [];
    for await (const event of train(await resolveSettings(await settings()), { signal: abort.signal }))
      kinds.push(event.kind);
    expect(kinds).toEqual(['start', 'end']);
  });

  it('records from its start how it was made, over what an earlier run left that was never checkpointed', async () => {
    const chosen = await settings({ steps: 3, warmupSteps: 0, checkpointEvery: 0 });
    const begin = async (given: typeof chosen) => {
      for await (const { kind } of train(await resolveSettings(given)))
        if (kind === 'start') return await readRunFacts(given.out);
      return undefined;
    };
    const facts = await begin(chosen);
    expect(facts).toMatchObject({ configuration: { steps: 3, seed: 1337, init: FIXTURE } });
    expect(facts?.versions.device).toContain('2 threads');
    expect(facts?.parameters).toBeGreaterThan(1000);
    expect(await begin({ ...chosen, steps: 4 })).toMatchObject({ configuration: { steps: 4 } });
  });

  it('that is refused leaves the record of the run in its folder', async () => {
    const chosen = await settings({ steps: 2, warmupSteps: 0 });
    await run(chosen);
    await expect(run({ ...chosen, steps: 3 })).rejects.toThrow(/steps was 2 and is 3/);
    expect(await readRunFacts(chosen.out)).toMatchObject({ configuration: { steps: 2 } });
  });

  it('that starts over in a folder without checkpoints keeps the old log', async () => {
    const chosen = await settings({ steps: 3, warmupSteps: 0, checkpointEvery: 0 });
    await run(chosen);
    const logged = readFileSync(join(chosen.out, 'metrics.jsonl'), 'utf8');
    await run(chosen);
    expect(readFileSync(join(chosen.out, 'metrics.jsonl.old'), 'utf8')).toBe(logged);
  });

  it('resumes when the weights it started from are gone', async () => {
    const start = join(temporaryFolder(), 'start');
    cpSync(FIXTURE, start, { recursive: true });
    const chosen = await settings({ init: start, steps: 8 });
    await run(chosen, isTrain(3));
    rmSync(start, { recursive: true });
    expect((await run(chosen)).at(-1)).toMatchObject({ step: 8, interrupted: false });
  });

  it('has the same bits with evaluations and without, with one thread or two, measured or not', async () => {
    const first = await settings();
    await run(first);
    const second = { ...first, out: join(temporaryFolder(), 'run'), evalEvery: 0, threads: 1 };
    const kinds: string[] = [];
    for await (const { kind } of train(await resolveSettings(second), { profile: true })) kinds.push(kind);
    expect(kinds.slice(0, 4)).toEqual(['start', 'train', 'train', 'profile']);
    expect(kinds.filter((kind) => kind === 'profile')).toHaveLength(1);
    expect(tensorsOf(second.out, STEPS)).toEqual(tensorsOf(first.out, STEPS));
  });

  it('measures the only step that is left', async () => {
    const kinds: string[] = [];
    for await (const { kind } of train(await resolveSettings(await settings({ steps: 1, warmupSteps: 0 })), {
      profile: true,
    }))
      kinds.push(kind);
    expect(kinds.filter((kind) => kind === 'train' || kind === 'profile')).toEqual(['train', 'profile']);
  });

  it('has the same bits with HellaSwag and without, and its counts in the log', async () => {
    const { init: _init, ...rest } = await settings({ steps: 2, warmupSteps: 0, checkpointEvery: 2, evalEvery: 0 });
    const plain = { ...rest, preset: 'tiny', sequenceLength: 24 } as const;
    await run(plain);
    const watched = { ...plain, out: join(temporaryFolder(), 'run'), evalEvery: 1, hellaswag: hellaswagFile(4) };
    await run(watched);
    expect(tensorsOf(watched.out, 2)).toEqual(tensorsOf(plain.out, 2));
    const counts = (await readMetrics(watched.out)).flatMap((line) => (line.kind === 'eval' ? [line.hellaswag] : []));
    expect(counts).toHaveLength(3);
    for (const count of counts) expect(count?.total).toBe(4);
  });

  it('that accumulates micro-steps follows the run of one large batch', async () => {
    const one = await settings({ batchSize: 4, totalBatchSize: 96 });
    await run(one);
    const many = { ...one, out: join(temporaryFolder(), 'run'), batchSize: 1 };
    await run(many);
    const losses = async (out: string) =>
      (await readMetrics(out)).flatMap((line) => (line.kind === 'train' ? [line.loss] : []));
    const [a, b] = [await losses(one.out), await losses(many.out)];
    // Only the order of float32 sums differs.
    for (const [step, loss] of a.entries()) expect(Math.abs(loss - (b[step] ?? 0))).toBeLessThan(1e-4);
  });

  it('evaluates to the same bits whatever the batch size', async () => {
    const first = await settings({ steps: 1, warmupSteps: 0, batchSize: 4 });
    const second = { ...first, out: join(temporaryFolder(), 'run'), batchSize: 1 };
    const [a, b] = [await run(first), await run(second)];
    expect(a.find(({ kind }) => kind === 'eval')).toEqual(b.find(({ kind }) => kind === 'eval'));
  });

  it('keeps only the newest checkpoints', async () => {
    const chosen = await settings({ keep: 1 });
    await run(chosen);
    expect(readdirSync(chosen.out).filter((name) => name.startsWith('step-'))).toEqual(['step-00000012']);
  });

  it('refuses tokens the model does not have, naming file and offset', async () => {
    const chosen = await settings();
    await writeBin(join(chosen.data, 'train_000001.bin'), [...Array(600).keys()]);
    await expect(run(chosen)).rejects.toThrow(/train_000001\.bin.*500/);
  });

  it('falls back to the checkpoint before a damaged one, says so, and ends with the same bits', async () => {
    const whole = await settings({ steps: 9 });
    await run(whole);
    const damaged = { ...whole, out: join(temporaryFolder(), 'run') };
    await run(damaged);
    rmSync(join(damaged.out, 'step-00000009'), { recursive: true });
    const weights = join(damaged.out, 'step-00000008', 'model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(weights, bytes);
    const [start] = await run(damaged);
    expect(start).toMatchObject({ step: 5, passedOver: [expect.stringMatching(/step-00000008.*checksum/)] });
    expect(tensorsOf(damaged.out, 9)).toEqual(tensorsOf(whole.out, 9));
  });

  it('forks another run: its weights, moments and step under other settings, in another folder', async () => {
    const first = await settings({ steps: 8 });
    await run(first);
    const { init: _init, ...rest } = first;
    const fork = { ...rest, fork: first.out, out: join(temporaryFolder(), 'fork'), steps: 10, learningRate: 1e-4 };
    const events = await run(fork);
    expect(events[0]).toMatchObject({ kind: 'start', step: 8 });
    expect(events.flatMap((event) => (event.kind === 'train' ? [event.step] : []))).toEqual([8, 9]);
  });

  it('skips updates that are not finite and stops after five, naming the last good checkpoint', async () => {
    const good = await settings({ steps: 4 });
    await run(good);
    const broken = temporaryFolder();
    cpSync(join(good.out, 'step-00000004'), broken, { recursive: true });
    // wpe becomes infinite at every position
    const weights = join(broken, 'model.safetensors');
    const bytes = readFileSync(weights);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const [from, to] = header['transformer.wpe.weight']?.data_offsets ?? [0, 0];
    for (let at = from; at < to; at += 4)
      bytes.writeFloatLE(Number.POSITIVE_INFINITY, 8 + Number(bytes.readBigUInt64LE()) + at);
    writeFileSync(weights, bytes);
    const bad = { ...good, out: join(temporaryFolder(), 'run'), init: broken, steps: 12, evalEvery: 0 };
    const skipped: unknown[] = [];
    await expect(
      (async () => {
        for await (const event of train(await resolveSettings(bad)))
          if (event.kind === 'train') skipped.push(event.skipped);
      })(),
    ).rejects.toThrow(/5 updates in a row were skipped.*last good checkpoint is .*step-00000004/);
    expect(skipped).toEqual(Array(5).fill('not finite'));
  });
});
