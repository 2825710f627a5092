/** Ranks in one process over a communicator that completes sums late: the numbers of one rank with accumulation, and one end for all. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import type { Backend, DeviceBuffer } from '#minillm/engine/runtime/backend.js';
import type { Communicator } from '#minillm/engine/runtime/communicator.js';
import { listCheckpoints } from '#minillm/runs/checkpoints.js';
import { readMetrics } from '#minillm/runs/metrics.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import type { GivenSettings } from '#minillm/train/settings.js';
import { openSlowWorld } from '../stand-ins/slow-communicator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fixtureShards, lossesOf, runOn } from './run-on.ts';

const STEPS = 12;
const BASE = { batchSize: 1, totalBatchSize: 96, steps: STEPS, learningRate: 6e-4, evalEvery: 6, checkpointEvery: 6 };

interface Ranks {
  readonly world: readonly Communicator[];
  readonly settings: GivenSettings & { readonly data: string; readonly out: string };
  /** Receives the events of each rank, and may ask it to stop. */
  readonly onEvent?: (rank: number, event: TrainerEvent, stop: () => void) => void;
}

/** The events of all ranks, which train at the same time. */
function runRanks({ world, settings, onEvent = () => {} }: Ranks): Promise<TrainerEvent[][]> {
  return Promise.all(
    world.map(async (communicator) => {
      const abort = new AbortController();
      const backend = await openCpuBackend({ threads: 1 });
      try {
        return await runOn({
          backend,
          communicator,
          signal: abort.signal,
          settings,
          onEvent: (event) => onEvent(communicator.rank, event, () => abort.abort()),
        });
      } finally {
        await backend.close();
      }
    }),
  );
}

async function alone(settings: Ranks['settings']): Promise<TrainerEvent[]> {
  const backend = await openCpuBackend({ threads: 1 });
  try {
    return await runOn({ backend, settings });
  } finally {
    await backend.close();
  }
}

const folder = (): string => join(temporaryFolder(), 'run');

describe('ranks', () => {
  test.each([
    { size: 2, zero: 0 },
    { size: 4, zero: 0 },
    { size: 2, zero: 1 },
    { size: 3, zero: 1, totalBatchSize: 144 },
    { size: 4, zero: 1 },
  ])(
    '$size of them (ZeRO $zero) have the losses and validation of one that accumulates',
    async ({ size, zero, totalBatchSize = 96 }) => {
      const data = await fixtureShards();
      const settings = { ...BASE, totalBatchSize, zero, data };
      const one = await alone({ ...settings, out: folder() });
      const out = folder();
      const all = await runRanks({ world: await openSlowWorld({ size }), settings: { ...settings, out } });

      for (const events of all) {
        expect(lossesOf(events)).toHaveLength(STEPS);
        lossesOf(events).forEach((loss, step) => {
          // float32 gradients are added in another order
          expect(Math.abs(loss / (lossesOf(one)[step] ?? Number.NaN) - 1), `step ${step}`).toBeLessThan(1e-5);
        });
        expect(lossesOf(events)).toEqual(lossesOf(all[0] ?? []));
      }
      const [first] = one.flatMap((event) => (event.kind === 'eval' ? [event.validationLoss] : []));
      for (const events of all) {
        const [shared] = events.flatMap((event) => (event.kind === 'eval' ? [event.validationLoss] : []));
        expect(shared, 'before the first update, to the bit').toBe(first);
      }
      // one writer: no step stands twice
      const steps = (await readMetrics(out)).flatMap((line) => (line.kind === 'train' ? [line.step] : []));
      expect(steps).toEqual([...Array(STEPS).keys()]);
      expect((await listCheckpoints(out)).map(({ step }) => step)).toEqual([12, 6]);
    },
  );

  test('stop together when one is asked to, with one checkpoint, and go on where they were', async () => {
    const data = await fixtureShards();
    const out = folder();
    const settings = { ...BASE, data, out, evalEvery: 0, checkpointEvery: 0 };
    const all = await runRanks({
      world: await openSlowWorld({ size: 2 }),
      settings,
      onEvent: (rank, event, stop) => {
        if (rank === 1 && event.kind === 'train' && event.step === 4) stop();
      },
    });
    const ends = all.map((events) => events.at(-1));
    expect(ends[0]).toMatchObject({ kind: 'end', interrupted: true });
    expect(ends[1]).toEqual(ends[0]);
    const [saved] = await listCheckpoints(out);
    expect(saved?.step).toBe(ends[0]?.kind === 'end' ? ends[0].step : undefined);

    const whole = await runRanks({ world: await openSlowWorld({ size: 2 }), settings: { ...settings, out: folder() } });
    const resumed = await runRanks({ world: await openSlowWorld({ size: 2 }), settings });
    expect([...lossesOf(all[0] ?? []), ...lossesOf(resumed[0] ?? [])]).toEqual(lossesOf(whole[0] ?? []));
  });

  test('that share the optimizer’s state write the checkpoint that one rank would have written', async () => {
    const data = await fixtureShards();
    const settings = { ...BASE, data, evalEvery: 0, checkpointEvery: 6 };
    const files = ['model.safetensors', 'optimizer.safetensors'];
    const [whole, shared] = [folder(), folder()];
    await runRanks({ world: await openSlowWorld({ size: 4 }), settings: { ...settings, out: whole } });
    await runRanks({ world: await openSlowWorld({ size: 4 }), settings: { ...settings, zero: 1, out: shared } });
    const step = 'step-00000012';
    for (const file of files)
      expect(readFileSync(join(shared, step, file)).equals(readFileSync(join(whole, step, file))), file).toBe(true);
  });

  test('go on as fewer ranks, which read each other’s parts of the optimizer’s state', async () => {
    const data = await fixtureShards();
    const settings = { ...BASE, zero: 1, data, out: folder(), evalEvery: 0, checkpointEvery: 4 };
    const whole = await alone({ ...settings, out: folder() });
    const losses: number[] = [];
    for (const [size, last] of [
      [4, 4],
      [2, 8],
      [1, STEPS],
    ] as const) {
      const onEvent: Ranks['onEvent'] = (_, event, stop) => {
        if (event.kind === 'train' && event.step === last - 2) stop();
      };
      const all =
        size === 1
          ? [await alone(settings)]
          : await runRanks({ world: await openSlowWorld({ size }), settings, onEvent });
      losses.push(...lossesOf(all[0] ?? []));
    }
    expect(losses).toHaveLength(STEPS);
    lossesOf(whole).forEach((loss, step) => {
      expect(Math.abs(loss / (losses[step] ?? Number.NaN) - 1), `step ${step}`).toBeLessThan(1e-5);
    });
  });

  test('that diverge name the one whose losses are not finite', async () => {
    const data = await fixtureShards();
    const settings = { ...BASE, data, out: folder(), evalEvery: 0, checkpointEvery: 0 };
    const world = await openSlowWorld({ size: 2 });
    const backends = await Promise.all(world.map(() => openCpuBackend({ threads: 1 })));
    const spoil = watchAllocations(backends[1] as Backend);
    const runs = world.map((communicator, rank) =>
      runOn({
        backend: backends[rank] as Backend,
        communicator,
        settings,
        onEvent: (event) => {
          if (rank === 1 && event.kind === 'train' && event.step === 2) spoil();
        },
      }),
    );
    const outcomes = await Promise.allSettled(runs);
    for (const backend of backends) await backend.close();
    for (const outcome of outcomes)
      expect(outcome.status === 'rejected' && outcome.reason.message).toMatch(
        /^5 updates in a row were skipped.*\(losses that are not finite: micro-step 0 of rank 1\)/,
      );
  });

  test('end with the communicator’s error when a sum fails', async () => {
    const data = await fixtureShards();
    const settings = { ...BASE, data, out: folder(), evalEvery: 0, checkpointEvery: 0 };
    const world = await openSlowWorld({ size: 2, failsAt: 3 });
    await expect(runRanks({ world, settings })).rejects.toThrow(/^step \d+: the stand-in failed a collective/);
    expect(existsSync(join(settings.out, 'step-00000012'))).toBe(false);
  });
});

/** The returned function puts a NaN at the beginning of each buffer that lasts, as faulty memory might. */
function watchAllocations(backend: Backend): () => void {
  const lasting: DeviceBuffer[] = [];
  const allocate = backend.allocate.bind(backend);
  backend.allocate = (bytes, contents) => {
    const buffer = allocate(bytes, contents);
    if (contents === 'zero') lasting.push(buffer);
    return buffer;
  };
  return () => {
    for (const buffer of lasting) void backend.write(buffer, 0, Float32Array.of(Number.NaN));
  };
}
