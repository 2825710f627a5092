import { describe, expect, test } from 'vitest';
import { hasStandIn } from '../cuda.js';
import { longs, type OpenGpu, openGpu } from '../open-gpu.js';

const ADD = `
extern "C" __global__ void add(const float *x, const float *y, float *z) { *z = *x + *y; }`;

const ONE = { x: 1, y: 1, z: 1 };

/** Makes one stream follow another. */
function follow({ driver }: OpenGpu, later: number, earlier: number): void {
  const event = driver.createEvent();
  driver.record(event, earlier);
  driver.waitFor(later, event);
  driver.destroyEvent(event);
}

describe.skipIf(!hasStandIn).each([1, 2, 3])('captured work, in the order of seed %i', (seed) => {
  test('forks and joins in each launch, with copies of pinned memory', async () => {
    const gpu = await openGpu({ seed });
    const { driver, stream, compile } = gpu;
    const add = await compile(ADD, 'add');
    const side = driver.createStream(0);
    const [input, output] = [driver.allocateHost(4), driver.allocateHost(4)];
    const [x, y, z] = [driver.allocate(4), driver.allocate(4), driver.allocate(4)];
    const numbers = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.buffer, bytes.byteOffset, 1);
    const [given, result] = [numbers(input.bytes), numbers(output.bytes)];
    given[0] = 100;

    driver.beginCapture(stream);
    driver.copyToDevice(x, input.address, 4, stream);
    follow(gpu, side, stream);
    driver.launch(add, ONE, 1, 0, side, longs(x, x, y)); // 2x
    driver.launch(add, ONE, 1, 0, stream, longs(x, x, z));
    driver.launch(add, ONE, 1, 0, stream, longs(z, x, z)); // 3x
    follow(gpu, stream, side);
    driver.launch(add, ONE, 1, 0, stream, longs(y, z, z));
    driver.copyToHost(output.address, z, 4, stream);
    const graph = driver.endCapture(stream);

    driver.synchronize(stream);
    expect([...result]).toEqual([0]); // capturing does nothing
    for (const value of [1, 2, 3]) {
      given[0] = value;
      driver.launchGraph(graph, stream);
      driver.synchronize(stream);
      expect([...result]).toEqual([5 * value]);
    }
    driver.launchGraph(graph, stream);
    driver.destroyGraph(graph); // what was launched is done all the same
    given[0] = 4;
    driver.synchronize(stream);
    expect([...result]).toEqual([20]);
  });
});

describe('launches of a graph', () => {
  test('come after what the stream has, and before what follows', async () => {
    const { driver, stream, upload, download } = await openGpu();
    const [x, y] = [upload(Uint8Array.of(1)), upload(Uint8Array.of(0))];
    driver.beginCapture(stream);
    driver.copyOnDevice(y, x, 1, stream);
    const graph = driver.endCapture(stream);
    driver.fill(x, 2, 1, stream);
    driver.launchGraph(graph, stream);
    driver.fill(x, 3, 1, stream);
    expect([...download(y, new Uint8Array(1))]).toEqual([2]);
  });

  test('with memory that has been freed since break the GPU', async () => {
    const { driver, stream } = await openGpu();
    const address = driver.allocate(4);
    driver.beginCapture(stream);
    driver.fill(address, 0, 4, stream);
    const graph = driver.endCapture(stream);
    driver.free(address);
    driver.launchGraph(graph, stream);
    expect(() => driver.synchronize(stream)).toThrow(/a fill: 4 bytes at 0x[0-9a-f]+ are not all in one allocation/);
  });
});

describe('a capture is refused', () => {
  test('whose streams are not joined at its end', async () => {
    const gpu = await openGpu();
    const { driver, stream } = gpu;
    const side = driver.createStream(0);
    const address = driver.allocate(4);
    driver.beginCapture(stream);
    driver.fill(address, 0, 4, stream);
    follow(gpu, side, stream);
    driver.fill(address, 1, 4, side);
    expect(() => driver.endCapture(stream)).toThrow(/cuStreamEndCapture: .*\(CUDA_ERROR_STREAM_CAPTURE_UNJOINED\)/);
    driver.fill(address, 2, 4, side); // and over: both streams work again
    driver.synchronize(side);
    driver.synchronize(stream);
  });

  test('that waits for work which is not captured', async () => {
    const gpu = await openGpu();
    const { driver, stream } = gpu;
    const event = driver.createEvent();
    driver.record(event, driver.createStream(0));
    driver.beginCapture(stream);
    expect(() => driver.waitFor(stream, event)).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_ISOLATION\)/);
    expect(() => driver.endCapture(stream)).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED\)/);
  });

  test.each(['copyToDevice', 'copyToHost'] as const)('with pageable memory in %s', async (copy) => {
    const { driver, stream, upload } = await openGpu();
    const address = upload(Uint8Array.of(1));
    const values = new Uint8Array(1);
    driver.beginCapture(stream);
    expect(() =>
      copy === 'copyToDevice'
        ? driver.copyToDevice(address, values, 1, stream)
        : driver.copyToHost(values, address, 1, stream),
    ).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED\)/);
    expect(() => driver.endCapture(stream)).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED\)/);
  });

  test('in which memory is allocated or a stream waited for', async () => {
    const { driver, stream } = await openGpu();
    for (const call of [() => driver.allocate(8), () => driver.synchronize(stream)]) {
      driver.beginCapture(stream);
      expect(call).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED\)/);
      expect(() => driver.endCapture(stream)).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED\)/);
    }
  });

  test('that another stream ends, or none began', async () => {
    const { driver, stream } = await openGpu();
    expect(() => driver.endCapture(stream)).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED\)/);
    driver.beginCapture(stream);
    expect(() => driver.endCapture(driver.createStream(0))).toThrow(/\(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED\)/);
    driver.destroyGraph(driver.endCapture(stream));
  });
});

test('an event of a capture is not one of the work that is done', async () => {
  const { driver, stream } = await openGpu();
  const event = driver.createEvent();
  driver.beginCapture(stream);
  driver.record(event, stream);
  driver.destroyGraph(driver.endCapture(stream));
  expect(() => driver.isDone(event)).toThrow(/\(CUDA_ERROR_CAPTURED_EVENT\)/);
  expect(() => driver.waitFor(stream, event)).toThrow(/\(CUDA_ERROR_CAPTURED_EVENT\)/);
  driver.record(event, stream);
  driver.synchronize(stream);
  expect(driver.isDone(event)).toBe(true);
});
