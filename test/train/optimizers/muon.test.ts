import { expect, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { type Communicator, singleProcess } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { ownedRuns } from '#minillm/engine/shard.js';
import { elements, type FlatBuffer } from '#minillm/engine/tensor.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { muonOptimizer } from '#minillm/train/optimizers/muon.js';
import { planTraining } from '#minillm/train/programs.js';
import { expectClose, expectSameBits } from '../../engine/comparison.ts';
import { bestDevices, cudaDevices, openDevice } from '../../engine/devices.ts';
import { joinColumns, splitColumns } from '../../engine/matrix-parts.ts';
import { type AdamWState, adamw } from '../../engine/reference/adamw.ts';
import { frobeniusNormalise, newtonSchulzStep } from '../../engine/reference/newton-schulz.ts';
import { SMALL } from '../../engine/training.ts';
import { normal } from '../../engine/values.ts';
import { openSlowWorld } from '../../stand-ins/slow-communicator.ts';

const UPDATES = 4;
const LEARNING_RATE = 0.02;
const WEIGHT_DECAY = 0.1;
const PARAMETERS = gpt2Parameters(SMALL);

/** a, b, c of the five steps of Polar Express. */
const STEPS = [
  [8.156554524902461, -22.48329292557795, 15.878769915207462],
  [4.042929935166739, -2.808917465908714, 0.5000178451051316],
  [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
  [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
  [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
] as const;

type Tensors = ReadonlyMap<string, Float64Array>;

/** So small that rounding a parameter to float32 is little beside its movement. */
const initial = (name: string, count: number) => normal(count, name, 0.01);
const gradientsOf = (name: string, count: number, update: number) => normal(count, `${name} ${update}`);

/** Parameters after the updates, and Muon's momenta, in double. */
function referenceUpdates(): { readonly parameters: Tensors; readonly momenta: Tensors } {
  const parameters = new Map(PARAMETERS.map(({ name, shape }) => [name, initial(name, elements(shape))]));
  const momenta = new Map<string, Float64Array>();
  const moments = new Map<string, AdamWState>();
  for (let update = 1; update <= UPDATES; update++) {
    const gradients = new Map(PARAMETERS.map(({ name, shape }) => [name, gradientsOf(name, elements(shape), update)]));
    const squares = [...gradients.values()].reduce((sum, each) => sum + each.reduce((s, g) => s + g * g, 0), 0);
    const factor = Math.min(1, 1 / (Math.sqrt(squares) + 1e-6));
    for (const { name, shape } of PARAMETERS) {
      const [p, g] = [parameters.get(name)!, gradients.get(name)!];
      if (/\.h\.\d+\.(attn|mlp)\..*weight$/.test(name)) {
        const [rows = 0, width = 0] = shape;
        const parts = name.endsWith('c_attn.weight') ? 3 : 1;
        const matrices = { parts, rows, columns: width / parts };
        const m = (momenta.get(name) ?? new Float64Array(p.length)).map(
          (value, i) => 0.95 * value + 0.05 * factor * g[i]!,
        );
        momenta.set(name, m);
        const direction = m.map((value, i) => 0.95 * value + 0.05 * factor * g[i]!);
        const orthogonal = splitColumns(direction, matrices).map((matrix) =>
          STEPS.reduce((x, [a, b, c]) => newtonSchulzStep(x, { a, b, c }), frobeniusNormalise(matrix, 1.02)),
        );
        const u = joinColumns(orthogonal);
        const scale = 0.2 * Math.sqrt(Math.max(rows, matrices.columns));
        p.forEach((value, i) => {
          const decay = u[i]! * value >= 0 ? WEIGHT_DECAY * value : 0;
          p[i] = value - LEARNING_RATE * (scale * u[i]! + decay);
        });
      } else {
        const zeros = () => new Float64Array(p.length);
        const state = moments.get(name) ?? { parameters: p, firstMoments: zeros(), secondMoments: zeros() };
        moments.set(name, state);
        const weightDecay = shape.length > 1 ? WEIGHT_DECAY : 0;
        const settings = { learningRate: LEARNING_RATE, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay };
        adamw(state, g, factor, update, settings);
      }
    }
  }
  return { parameters, momenta };
}

/** A rank's parameters and momenta after the updates; momenta of other ranks are 0. */
async function updatesOn(backend: Backend, communicator: Communicator) {
  const { rank, size } = communicator;
  const optimizer = muonOptimizer({ weightDecay: WEIGHT_DECAY });
  const extents = { batch: 1, length: 8, precision: 'fp32', ranks: size, shard: { rank, size } } as const;
  const { layout, plans } = planTraining(SMALL, backend, extents, { optimizer, gradientClip: 1 });
  const session = new Session(backend, layout, { update: plans.update }, communicator);
  const read = async (buffer: FlatBuffer, isRead: (name: string) => boolean = () => true): Promise<Tensors> => {
    const tensors = new Map<string, Float64Array>();
    for (const { name, shape } of PARAMETERS.filter((each) => isRead(each.name))) {
      const values = new Float32Array(elements(shape));
      await session.read(buffer, name, values);
      tensors.set(name, new Float64Array(values));
    }
    return tensors;
  };
  for (const { name, shape } of PARAMETERS)
    await session.write('parameters', name, new Float32Array(initial(name, elements(shape))));
  for (let update = 1; update <= UPDATES; update++) {
    // each rank has the sums of its slices, as the scattered sum leaves them
    for (const { name, offset, count, shape } of layout.places.values()) {
      const gradients = new Float32Array(gradientsOf(name, count, update));
      const [state] = optimizer.groupOf({ name, shape }).state;
      for (const { start, count: owned } of ownedRuns(layout, state!.buffer, { offset, count }))
        await session.write('gradients', name, gradients.subarray(start, start + owned), start);
    }
    const limits = { normLimit: 1e30, lossLimit: 1e30 };
    await session.program('update').run({ learningRate: LEARNING_RATE, updateCount: update, ...limits });
  }
  return { parameters: await read('parameters'), momenta: await read('optimizer:momentum', isMatrix) };
}

const expected = referenceUpdates();
const isMatrix = (name: string) => expected.momenta.has(name);

type Updated = Awaited<ReturnType<typeof updatesOn>>;

/** Expects the reference's numbers, each momentum on one of the ranks. */
function expectReference(ranks: readonly Updated[]): void {
  const [first] = ranks;
  for (const { name, shape } of PARAMETERS) {
    const start = initial(name, elements(shape));
    const moved = (after: Float64Array) => after.map((value, i) => value - start[i]!);
    const after = first!.parameters.get(name)!;
    expectClose(moved(after), moved(expected.parameters.get(name)!), 1e-5, `movement of ${name}`);
    for (const rank of ranks) expectSameBits(rank.parameters.get(name), after, `${name} of another rank`);
  }
  for (const [name, momentum] of expected.momenta) {
    const owners = ranks.filter(({ momenta }) => momenta.get(name)!.some((value) => value !== 0));
    expect(owners, `ranks that keep ${name}`).toHaveLength(1);
    expectClose(owners[0]!.momenta.get(name)!, momentum, 1e-6, `momentum of ${name}`);
  }
}

const inFp32 = [...bestDevices, ...cudaDevices].filter(({ precision }) => precision === 'fp32');

test.each(inFp32)('$name: one rank makes the updates of a float64 reference', async (device) => {
  expectReference([await updatesOn(await openDevice(device), singleProcess)]);
});

test('four ranks that share the state make the same updates', async () => {
  const world = await openSlowWorld({ size: 4 });
  const backends = await Promise.all(world.map(() => openCpuBackend({ threads: 1 })));
  const ranks = await Promise.all(world.map((each, index) => updatesOn(backends[index]!, each)));
  for (const backend of backends) await backend.close();
  expectReference(ranks);
});

test('what is no matrix of a block is AdamW’s', () => {
  const { groupOf } = muonOptimizer({ weightDecay: 0.1 });
  const suffixes = (name: string) => {
    const parameter = PARAMETERS.find((each) => each.name === `transformer.${name}`)!;
    return groupOf(parameter).state.map(({ suffix }) => suffix);
  };
  expect(suffixes('h.1.mlp.c_fc.weight')).toEqual(['momentum_buffer']);
  for (const name of ['wte.weight', 'wpe.weight', 'h.1.ln_1.weight', 'h.1.mlp.c_fc.bias', 'ln_f.weight'])
    expect(suffixes(name)).toEqual(['exp_avg', 'exp_avg_sq']);
});
