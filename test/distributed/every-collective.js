// Started as several ranks by mpi.test.ts: makes every collective, from native code's side and the host's, and prints what came of them.
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { openWorld } from '../../dist/distributed/open.js';
import { COLLECTIVES, ELEMENT_TYPES } from '../../dist/engine/runtime/communicator.js';

const world = await openWorld({ timeoutSeconds: 30 });
const { rank, size, native } = world;
const begin = koffi.decode(
  BigInt(native.begin),
  koffi.proto('int32_t begin(int64_t, int32_t, void *, int64_t, int32_t, void *)'),
);
const wait = koffi.decode(BigInt(native.wait), koffi.proto('int32_t wait(int64_t, void *)'));
const start = (name, values) => {
  const type = values instanceof Float64Array ? ELEMENT_TYPES.float64 : ELEMENT_TYPES.float32;
  if (begin(native.context, COLLECTIVES[name], values, values.length, type, null) !== 0) throw world.failure();
};

const facts = {};
// each begins at another time, and many are under way at once
await sleep(100 * rank);
const many = Array.from({ length: 50 }, (_, index) => Float32Array.of(index, rank));
for (const values of many) start('allReduce', values);
const large = new Float32Array(3_000_000).fill(rank + 1);
start('allReduce', large);
const double = Float64Array.of(2 ** -40 + rank);
start('allReduce', double);
const scattered = Float32Array.from({ length: 4 * size }, (_, index) => index + 100 * rank);
start('reduceScatter', scattered);
const gathered = new Float32Array(2 * size);
gathered.set([rank, rank + 10], 2 * rank);
start('allGather', gathered);
if (wait(native.context, null) !== 0) throw world.failure();
facts.many = many.map(([a, b]) => [a, b]);
facts.large = [large[0], large.at(-1), large.every((value) => value === large[0])];
facts.double = double[0];
facts.scattered = [...scattered];
facts.gathered = [...gathered];

const sums = Float64Array.of(1, rank);
await world.sum(sums);
facts.sums = [...sums];
const bytes = Uint8Array.of(rank, 7);
await world.broadcast(bytes, size - 1);
facts.bytes = [...bytes];
facts.texts = await world.share('ä'.repeat(rank));
facts.empty = await world.share('');

// printed by rank 0 alone: lines of several ranks may run together
const all = await world.share(JSON.stringify({ rank, size, localRank: world.localRank, ...facts }));
await world.close();
if (rank === 0) console.log(JSON.stringify(all.map((each) => JSON.parse(each))));
