import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGpt2Folder, writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { loadParameters, readParameter } from '#minillm/model/parameters.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const CONFIG = { layers: 1, heads: 1, channels: 96, contextLength: 8, vocabularySize: 50_257, layerNormEpsilon: 1e-5 };

/** A session's parameter buffer, as the two functions see it. */
function memory() {
  const tensors = new Map<string, number[]>();
  return {
    writes: [] as number[],
    async write(_buffer: string, name: string, source: Float32Array, start = 0) {
      this.writes.push(source.length);
      const tensor = tensors.get(name) ?? [];
      source.forEach((value, index) => {
        tensor[start + index] = value;
      });
      tensors.set(name, tensor);
    },
    async read(_buffer: string, name: string, target: Float32Array, start = 0) {
      target.set(tensors.get(name)!.slice(start, start + target.length));
    },
  };
}

test('parameters come from a folder in slices of at most 16 MB, and go back into one, every element in its place', async () => {
  const folder = temporaryFolder();
  const nameOf = (path: string): string => join(folder, path);
  let next = 0;
  await writeGpt2Folder(nameOf('a'), CONFIG, (_name, _start, target) => {
    for (let index = 0; index < target.length; index++) target[index] = next++ % 8191;
  });
  const session = memory();
  const source = await openGpt2Folder(nameOf('a'));
  await loadParameters(session, source);
  expect(Math.max(...session.writes)).toBe(4 * 1024 * 1024); // wte has 4.8 M elements
  await writeGpt2Folder(nameOf('b'), CONFIG, readParameter(session));
  const copy = await openGpt2Folder(nameOf('b'));
  for (const { name, shape } of source.parameters) {
    const count = shape.reduce((a, b) => a * b);
    const [a, b] = [new Float32Array(count), new Float32Array(count)];
    await source.readInto(name, 0, a);
    await copy.readInto(name, 0, b);
    expect(Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer))).toBe(0);
  }
  await source.close();
  await copy.close();
});
