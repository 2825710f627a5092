import { describe, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { cachedAttention } from '#minillm/engine/ops/cached-attention.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { expectClose, expectSameBits, TOLERANCES } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import { decode, encode } from '../op-harness.ts';
import * as reference from '../reference/cached-attention.ts';
import { activations, concatenate } from '../values.ts';

interface Heads {
  readonly H: number;
  readonly D: number;
}

/** New rows of one stream: q, k and v of all heads for each position from `start` on. */
interface Chunk {
  readonly slot: number;
  readonly start: number;
  readonly qkv: Float64Array;
}

const SLOTS = 6;

/** A program over an empty cache: takes chunks of equal length and gives the attention output of each. */
async function openCache(device: Device, { H, D, P }: Heads & { readonly P: number }, threads = 2) {
  const graph = new Graph({ batch: 4, length: P }, device.precision);
  const { batch, length, activationType } = graph;
  graph.parameter('unused', [1]); // no backend allocates a buffer of no parameters
  const out = cachedAttention(
    graph.input('qkv', [batch, length, 3 * H * D], activationType),
    {
      positions_BT: graph.input('positions', [batch, length], 'int32'),
      slots_B: graph.input('slots', [batch], 'int32'),
    },
    graph.state('cache', [SLOTS, 2, H, P, D], activationType),
  );
  graph.result('out', out);
  const layout = layoutParameters(graph);
  const backend = await openDevice(device, threads);
  const session = new Session(backend, layout, { attend: plan(graph, layout, backend) });
  const program = session.program('attend');

  return async (chunks: readonly Chunk[]): Promise<Float64Array[]> => {
    const count = (chunks[0]?.qkv.length ?? 0) / (3 * H * D);
    const size = count * H * D;
    const bytes = new Float32Array((chunks.length * size * (activationType === 'bfloat16' ? 2 : 4)) / 4);
    await program.run(
      {
        qkv: encode(concatenate(chunks.map((chunk) => chunk.qkv)), activationType),
        positions: Int32Array.from(chunks.flatMap(({ start }) => Array.from({ length: count }, (_, t) => start + t))),
        slots: Int32Array.from(chunks, ({ slot }) => slot),
      },
      { batch: chunks.length, length: count, results: { out: bytes } },
    );
    const all = decode(bytes, activationType);
    return chunks.map((_, index) => all.slice(index * size, (index + 1) * size));
  };
}

/** The rows of a whole stream, from which chunks are cut. */
function streamOf({ precision }: Device, { H, D }: Heads, length: number, name: string) {
  const qkv = activations(precision, length * 3 * H * D, name);
  return (slot: number, start: number, end: number): Chunk => ({
    slot,
    start,
    qkv: qkv.slice(start * 3 * H * D, end * 3 * H * D),
  });
}

const HEADS: readonly Heads[] = [
  { H: 1, D: 8 },
  { H: 3, D: 40 },
  { H: 2, D: 64 },
  { H: 1, D: 128 },
];

describe.each(devices)('$name', (device) => {
  const tolerance = TOLERANCES[device.precision].output;

  test.each(HEADS)('H $H, D $D: streams at different positions and slots decode side by side', async (heads) => {
    const attend = await openCache(device, { ...heads, P: 80 });
    const streams: reference.Streams = new Map();
    const expectReference = async (chunks: readonly Chunk[], what: string): Promise<void> => {
      const actual = await attend(chunks);
      chunks.forEach(({ slot, qkv }, index) => {
        const expected = reference.cachedAttention(streams, slot, qkv, heads);
        expectClose(actual[index] ?? new Float64Array(), expected, tolerance, `${what}, slot ${slot}`);
      });
    };
    const [a, b, c] = ['a', 'b', 'c'].map((name) => streamOf(device, heads, 80, name)) as [Cut, Cut, Cut];
    await expectReference([a(4, 0, 67)], 'prefill');
    await expectReference([b(0, 0, 3), c(5, 0, 3)], 'prefill of two');
    for (let step = 0; step < 5; step++) {
      const chunks = [c(5, 3 + step, 4 + step), a(4, 67 + step, 68 + step), b(0, 3 + step, 4 + step)];
      await expectReference(chunks, `step ${step}`);
    }
    await expectReference([a(4, 72, 79), c(5, 8, 15)], 'a second prompt');
  });

  test.each(HEADS)('H $H, D $D: prefill in chunks of any size is decoding one by one', async (heads) => {
    const P = 130;
    const stream = streamOf(device, heads, P, 'stream');
    const prefill = async (sizes: readonly number[]): Promise<Float64Array> => {
      const attend = await openCache(device, { ...heads, P });
      const outputs: Float64Array[] = [];
      let start = 0;
      for (const size of sizes) {
        outputs.push(...(await attend([stream(2, start, start + size)])));
        start += size;
      }
      return concatenate(outputs);
    };
    const oneByOne = await prefill(Array.from({ length: P }, () => 1));
    expectClose(await prefill([130]), oneByOne, tolerance, 'prefill at once');
    expectClose(await prefill([7, 1, 64, 50, 8]), oneByOne, tolerance, 'prefill in chunks');
  });

  test.each([1, 9])('%d new positions: the same bits alone and beside other streams', async (count) => {
    const heads = { H: 3, D: 40 };
    const [a, b, c] = ['a', 'b', 'c'].map((name) => streamOf(device, heads, 80, name)) as [Cut, Cut, Cut];
    const run = async (others: boolean): Promise<Float64Array> => {
      const attend = await openCache(device, { ...heads, P: 80 });
      if (others) await attend([b(1, 0, 20), c(3, 0, 20)]);
      await attend([a(2, 0, 33)]);
      const chunks = [a(2, 33, 33 + count)];
      if (others) chunks.unshift(b(1, 20, 20 + count));
      if (others) chunks.push(c(3, 20, 20 + count));
      return (await attend(chunks))[others ? 1 : 0] ?? new Float64Array();
    };
    expectSameBits(await run(true), await run(false), 'stream a');
  });

  test('a slot begun again at position 0 forgets the stream it held', async () => {
    const heads = { H: 2, D: 64 };
    const attend = await openCache(device, { ...heads, P: 80 });
    const [old, next] = ['old', 'next'].map((name) => streamOf(device, heads, 80, name)) as [Cut, Cut];
    const fresh = [...(await attend([next(0, 0, 7)])), ...(await attend([next(0, 7, 8)]))];
    await attend([old(1, 0, 70)]);
    const reused = [...(await attend([next(1, 0, 7)])), ...(await attend([next(1, 7, 8)]))];
    fresh.forEach((values, index) => {
      expectSameBits(reused[index], values, `chunk ${index}`);
    });
  });

  test('more positions than fit one chunk', async () => {
    const heads = { H: 1, D: 8 };
    const attend = await openCache(device, { ...heads, P: 530 });
    const stream = streamOf(device, heads, 530, 'long');
    const streams: reference.Streams = new Map();
    for (const chunk of [stream(0, 0, 525), stream(0, 525, 526)]) {
      const expected = reference.cachedAttention(streams, 0, chunk.qkv, heads);
      expectClose((await attend([chunk]))[0] ?? new Float64Array(), expected, tolerance, `from ${chunk.start}`);
    }
  });

  test.runIf(device.hasThreads).each(HEADS)('H $H, D $D: the same bits with 1, 2 and 3 threads', async (heads) => {
    const [a, b] = ['a', 'b'].map((name) => streamOf(device, heads, 140, name)) as [Cut, Cut];
    const run = async (threads: number): Promise<Float64Array[]> => {
      const attend = await openCache(device, { ...heads, P: 140 }, threads);
      return [...(await attend([a(0, 0, 131), b(1, 0, 131)])), ...(await attend([a(0, 131, 132), b(1, 131, 132)]))];
    };
    const alone = await run(1);
    for (const threads of [2, 3]) {
      const outputs = await run(threads);
      alone.forEach((values, index) => {
        expectSameBits(outputs[index], values, `output ${index} with ${threads} threads`);
      });
    }
  });
});

type Cut = ReturnType<typeof streamOf>;
