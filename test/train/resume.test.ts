import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { singleProcess } from '#minillm/engine/runtime/communicator.js';
import { DeviceLost } from '#minillm/engine/runtime/device-lost.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { initialise } from '#minillm/model/initialise.js';
import { stepFolder } from '#minillm/runs/checkpoints.js';
import { UserError } from '#minillm/support/errors.js';
import { writeCheckpoint } from '#minillm/train/checkpoint.js';
import type { CheckpointedReplica } from '#minillm/train/checkpoint-tensors.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import { completeSettings, resolveSettings } from '#minillm/train/resolve-settings.js';
import { begin } from '#minillm/train/resume.js';
import type { RecordedSettings } from '#minillm/train/settings.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { FIXTURE } from './run-on.ts';

const CONFIG = {
  layers: 1,
  heads: 1,
  channels: 8,
  contextLength: 16,
  vocabularySize: 50257,
  layerNormEpsilon: 1e-5,
};

/** A model whose buffers are arrays. */
function model(config = CONFIG, value = 0) {
  const buffers = new Map<string, Float32Array>();
  const values = (buffer: string, name: string): Float32Array => {
    const key = `${buffer} ${name}`;
    const { shape = [0] } = gpt2Parameters(config).find((each) => each.name === name) ?? {};
    const found = buffers.get(key) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
    buffers.set(key, found);
    return found;
  };
  const session: CheckpointedReplica['session'] = {
    read: async (buffer, name, target, start = 0) =>
      target.set(values(buffer, name).subarray(start, start + target.length)),
    write: async (buffer, name, source, start = 0) => values(buffer, name).set(source, start),
    layout: layoutParameters(new Graph({ batch: 1, length: 1 })),
  };
  const optimizer = adamwOptimizer({ weightDecay: 0.1 });
  return { session, config, optimizer, communicator: singleProcess, values };
}

type Changes = Omit<Parameters<typeof completeSettings>[0], 'data' | 'out'>;

function settingsOf(out: string, changes: Changes = {}): RecordedSettings {
  const given = { data: 'data', out, steps: 100, ...changes };
  return { ...completeSettings(given, CONFIG.contextLength), trainTokens: 1000 };
}

/** A run folder with a checkpoint of each step, whose parameters and moments are all that number. */
async function runFolder(...steps: number[]): Promise<string> {
  const out = temporaryFolder();
  for (const step of steps)
    await writeCheckpoint(out, model(CONFIG, step), {
      formatVersion: 1,
      step,
      updates: step,
      seed: 1337,
      recent: { losses: [], norms: [] },
      configuration: settingsOf(out),
      versions: {},
    });
  return out;
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

const nameOf = (suffix: string): string => {
  const found = gpt2Parameters(CONFIG).find(({ name }) => name.endsWith(suffix));
  if (!found) throw new Error(`no parameter ends with ${suffix}`);
  return found.name;
};

/** One element of the parameters and of each moment. */
const held = ({ values }: ReturnType<typeof model>): (number | undefined)[] =>
  ['parameters', 'optimizer:firstMoments', 'optimizer:secondMoments'].map(
    (buffer) => values(buffer, nameOf('h.0.attn.c_attn.bias'))[3],
  );

test('a run with the same settings resumes from its newest checkpoint: parameters, moments and state', async () => {
  const out = await runFolder(4, 8);
  const resumed = model();
  const start = await begin(resumed, settingsOf(out, { evalEvery: 7 }));
  expect(start).toMatchObject({ state: { step: 8, updates: 8 }, from: stepFolder(out, 8), passedOver: [] });
  expect(held(resumed)).toEqual([8, 8, 8]);
});

test('other settings are refused by name, with what to do', async () => {
  const out = await runFolder(4);
  const failure = begin(model(), settingsOf(out, { learningRate: 1e-3, minLearningRate: 6e-4 / 10, seed: 7 }));
  await expect(failure).rejects.toThrow(
    new UserError(
      `${out} holds a run with other settings: learningRate was 0.0006 and is 0.001; seed was 1337 and is 7. Give the same settings to resume it, another --out for a new run, or --fork ${out} --out OTHER to continue from it`,
    ),
  );
});

test('a model of another size is refused with both sizes', async () => {
  const out = await runFolder(4);
  await expect(begin(model({ ...CONFIG, layers: 2 }), settingsOf(out))).rejects.toThrow(
    /the model was 1 layers × 1 heads × 8 channels, context 16, vocabulary 50257 and is 2 layers × 1 heads/,
  );
});

test.each(['model.safetensors', 'optimizer.safetensors', 'state.json', 'config.json'])(
  'a newest checkpoint with a damaged %s is passed over for the one before it, with the reason',
  async (file) => {
    const out = await runFolder(4, 8);
    const path = join(stepFolder(out, 8), file);
    if (file.endsWith('.json')) writeFileSync(path, '{');
    else damage(path);
    const resumed = model();
    const start = await begin(resumed, settingsOf(out));
    expect(start).toMatchObject({ state: { step: 4 }, from: stepFolder(out, 4) });
    expect(start.passedOver).toEqual([expect.stringContaining(path)]);
    expect(held(resumed)).toEqual([4, 4, 4]);
  },
);

test('a run with only damaged checkpoints is refused, not started over', async () => {
  const out = await runFolder(4, 8);
  for (const step of [4, 8]) damage(join(stepFolder(out, step), 'model.safetensors'));
  await expect(begin(model(), settingsOf(out))).rejects.toThrow(
    /none of its 2 checkpoints can be read \(.*step-00000008.*checksum.*\); give another --out to start over$/,
  );
});

test('without a checkpoint a run starts at step 0 with the initial weights of its seed', async () => {
  const started = model();
  const start = await begin(started, settingsOf(join(temporaryFolder(), 'none'), { preset: 'tiny', seed: 5 }));
  expect(start).toEqual({ state: undefined, from: undefined, passedOver: [] });
  const name = nameOf('wpe.weight');
  const expected = new Float32Array(CONFIG.contextLength * CONFIG.channels);
  initialise(expected, name, CONFIG, 5);
  expect(started.values('parameters', name)).toEqual(expected);
});

test('a fork without a checkpoint of its own starts from the other run, under other settings', async () => {
  const other = await runFolder(4, 8);
  const forked = model();
  const out = join(temporaryFolder(), 'fork');
  const start = await begin(forked, settingsOf(out, { fork: other, learningRate: 1e-3 }));
  expect(start).toMatchObject({ state: { step: 8 }, from: stepFolder(other, 8), passedOver: [] });
  expect(held(forked)).toEqual([8, 8, 8]);
});

test('a fork with a checkpoint of its own resumes from that', async () => {
  const [other, out] = [await runFolder(8), await runFolder(4)];
  expect(await begin(model(), settingsOf(out, { fork: other }))).toMatchObject({ from: stepFolder(out, 4) });
});

test('a run that starts from weights has them and no state', async () => {
  const out = await runFolder(8);
  const started = model();
  const start = await begin(started, settingsOf(join(temporaryFolder(), 'none'), { init: stepFolder(out, 8) }));
  expect(start.state).toBeUndefined();
  expect(held(started)).toEqual([8, 0, 0]);
});

test('settings of a fork: flags win over the file, the file over those of the other run', async () => {
  const fork = await runFolder(4);
  const file = { out: join(temporaryFolder(), 'fork'), batchSize: 3, seed: 9 };
  const { settings, modelConfig } = await resolveSettings({ fork, seed: 8 }, file);
  expect(settings).toMatchObject({ ...file, seed: 8, steps: 100, data: 'data', fork });
  expect(modelConfig).toEqual(CONFIG);
});

test('settings: the network is that of the preset, or of the weights it starts from', async () => {
  const folders = { data: 'data', out: join(temporaryFolder(), 'none') };
  expect((await resolveSettings({ ...folders, preset: 'tiny' })).modelConfig).toMatchObject({
    layers: 4,
    channels: 64,
  });
  const fetched: string[] = [];
  const { settings, modelConfig } = await resolveSettings({ ...folders, init: 'hf:owner/name' }, {}, async (init) => {
    fetched.push(init);
    return FIXTURE;
  });
  expect(fetched).toEqual(['hf:owner/name']);
  expect([settings.sequenceLength, modelConfig.contextLength]).toEqual([24, 24]);
});

test('a device that is lost while a checkpoint is read does not make it a damaged one', async () => {
  const out = await runFolder(1, 2);
  const lost = new DeviceLost('cuda:0 has failed');
  const write = async (): Promise<void> => {
    throw lost;
  };
  const broken = model();
  await expect(begin({ ...broken, session: { ...broken.session, write } }, settingsOf(out))).rejects.toBe(lost);
});
