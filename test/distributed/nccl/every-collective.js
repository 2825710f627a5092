// Started as several ranks by processes.test.ts: makes every collective, from the device's side and the host's, and prints what came of them.
import { openRankGpu } from '../../../dist/backends/cuda/rank-gpu.js';
import { openWorld } from '../../../dist/distributed/open.js';
import { COLLECTIVES, ELEMENT_TYPES } from '../../../dist/engine/runtime/communicator.js';
import { openDriver } from '../../../dist/native/cuda/driver.js';
import { functionAt } from '../../../dist/native/library.js';

const [what] = process.argv.slice(2);
let gpu;
const world = await openWorld({
  timeoutSeconds: 60,
  openGpu: async (localRank) => {
    gpu = await openRankGpu(localRank);
    return gpu;
  },
});
const { rank, size, native } = world;
const { memory, stream } = gpu;
const driver = await openDriver();
const nativeBegin = functionAt(native.begin, 'int32_t begin(int64_t, int32_t, int64_t, int64_t, int32_t, int64_t)');
const nativeWait = functionAt(native.wait, 'int32_t wait(int64_t, int64_t)');
const begin = (name, { address }, count, type = 'float32') => {
  if (nativeBegin(native.context, COLLECTIVES[name], address, count, ELEMENT_TYPES[type], stream) !== 0)
    throw world.failure();
};
const wait = () => {
  if (nativeWait(native.context, stream) !== 0) throw world.failure();
};
const upload = async (values) => {
  const buffer = memory.allocate(values.byteLength);
  await memory.write(buffer, 0, values);
  return buffer;
};
const download = async (buffer, values) => {
  await memory.read(buffer, 0, values);
  return [...values];
};

if (what === 'die') {
  if (rank === 1) process.exit(7);
  await world.sum(Float64Array.of(1)).catch((cause) => console.log(cause.message));
  process.exit(0);
}
if (what === 'differ') {
  await world.sum(new Float64Array(1 + rank)).catch((cause) => console.log(cause.message));
  process.exit(0);
}

const facts = {};
const many = await Promise.all(Array.from({ length: 20 }, (_, index) => upload(Float32Array.of(index, rank))));
for (const each of many) begin('allReduce', each, 2);
// several pieces, of numbers whose sum depends on the order
const large = Float32Array.from({ length: 300_001 }, (_, index) =>
  Math.fround(Math.sin(index + rank) * 10 ** (index % 7)),
);
const summed = await upload(large);
begin('allReduce', summed, large.length);
const double = await upload(Float64Array.of(2 ** -40 + rank));
begin('allReduce', double, 1, 'float64');
const scattered = await upload(Float32Array.from({ length: 4 * size }, (_, index) => index + 100 * rank));
begin('reduceScatter', scattered, 4 * size);
const gathered = await upload(Float32Array.from({ length: 100_000 * size }, (_, index) => index + 1000 * rank));
begin('allGather', gathered, 100_000 * size);
wait();
facts.many = await Promise.all(many.map((each) => download(each, new Float32Array(2))));
await memory.read(summed, 0, large);
facts.large = Buffer.from(large.buffer).toString('base64').slice(-40);
facts.double = await download(double, new Float64Array(1));
facts.scattered = await download(scattered, new Float32Array(4 * size));
const all = await download(gathered, new Float32Array(100_000 * size));
facts.gathered = [all.every((value, index) => value === index + 1000 * Math.floor(index / 100_000))];

// captured, and launched anew: each launch sums again
const graphed = await upload(Float32Array.of(rank + 1));
driver.beginCapture(stream);
begin('allReduce', graphed, 1);
wait();
const graph = driver.endCapture(stream);
for (let launch = 0; launch < 3; launch++) driver.launchGraph(graph, stream);
facts.graphed = await download(graphed, new Float32Array(1));

const sums = Float64Array.of(1, rank);
await world.sum(sums);
facts.sums = [...sums];
const bytes = new Uint8Array(1_000_000).fill(rank);
await world.broadcast(bytes, size - 1);
facts.bytes = bytes.every((value) => value === size - 1);
facts.texts = await world.share('ä'.repeat(rank));
facts.empty = await world.share('');

const told = await world.share(JSON.stringify({ rank, localSize: world.localSize, ...facts }));
await world.close();
if (rank === 0) console.log(JSON.stringify(told.map((each) => JSON.parse(each))));
