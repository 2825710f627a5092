/** @file Damaged and hostile files: whatever bytes are in a folder, opening it gives a model or a UserError. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGpt2Folder, writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { UserError } from '#minillm/support/errors.js';
import { fillNormal, Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MUTATIONS = 10_000;
const CONFIG = { layers: 1, heads: 1, channels: 8, contextLength: 4, vocabularySize: 10, layerNormEpsilon: 1e-5 };

/** Values that a program which trusts its input stumbles over. */
const HOSTILE = [
  ...['0', '-1', '1', '2', '0.5', '1e308', '-1e308', '4294967296', '9007199254740991', '9007199254740993'],
  ...['1152921504606846976', '18446744073709551616', 'null', 'true', '""', '"F32"', '"F16"', '"I64"', '"\\u0000"'],
  ...['[]', '{}', '[0]', '[[0]]', '[0,0]', '{"a":1}', '"__proto__"', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
];

/** Replaces a value, a key or a stretch of JSON text by something hostile. */
function mutateJson(json: string, random: Random): string {
  const pick = (count: number) => random.uint32() % count;
  const values = [...json.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|\[[^[\]]*\]|\{[^{}]*\}|true|false|null/g)];
  const { index, 0: value } = values[pick(values.length)]!;
  const other = values[pick(values.length)]![0];
  const replacement = [HOSTILE[pick(HOSTILE.length)]!, other, `${value},${value}`, ''][pick(4)]!;
  return json.slice(0, index) + replacement + json.slice(index + value.length);
}

/** Flips, removes, repeats or inserts bytes. */
function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const pick = (count: number) => random.uint32() % count;
  // half of the time among the first, where the header is
  const at = pick(random.uint32() % 2 === 0 ? bytes.length : Math.min(64, bytes.length));
  const end = at + pick(32);
  switch (pick(5)) {
    case 0: {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << pick(8);
      return copy;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Uint32Array.of(random.uint32()).buffer),
        bytes.subarray(at),
      ]);
  }
}

function mutateSafetensors(file: Buffer, random: Random): Buffer {
  if (random.uint32() % 2 === 0) return mutateBytes(file, random);
  const headerBytes = Number(file.readBigUInt64LE());
  let json = file.toString('utf8', 8, 8 + headerBytes);
  for (let count = 1 + (random.uint32() % 3); count > 0; count--) json = mutateJson(json, random);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([length, Buffer.from(json), file.subarray(8 + headerBytes)]);
}

function mutateConfig(file: Buffer, random: Random): Buffer {
  if (random.uint32() % 4 === 0) return mutateBytes(file, random);
  return Buffer.from(mutateJson(file.toString('utf8'), random));
}

/** Opens a folder and reads all of it; true if it is a model. */
async function isModel(path: string): Promise<boolean> {
  try {
    const folder = await openGpt2Folder(path);
    try {
      for (const { name, shape } of folder.parameters) {
        await folder.readInto(name, 0, new Float32Array(shape.reduce((a, b) => a * b)));
      }
    } finally {
      await folder.close();
    }
    return true;
  } catch (cause) {
    if (cause instanceof UserError) return false;
    throw cause;
  }
}

test.each([
  ['model.safetensors', mutateSafetensors],
  ['config.json', mutateConfig],
] as const)(`${MUTATIONS} mutations of %s give a model or a UserError`, async (name, mutate) => {
  const folder = temporaryFolder();
  await writeGpt2Folder(folder, CONFIG, (parameter, _, target) => fillNormal(target, 0.02, 1, parameter));
  const original = readFileSync(join(folder, name));
  const before = process.memoryUsage().rss;
  let models = 0;
  for (let seed = 0; seed < MUTATIONS; seed++) {
    const random = new Random(seed, name);
    writeFileSync(join(folder, name), mutate(original, random));
    const started = performance.now();
    const wasModel = await isModel(folder).catch((cause: unknown) => {
      throw new Error(`mutation ${seed}`, { cause });
    });
    expect(performance.now() - started, `milliseconds for mutation ${seed}`).toBeLessThan(2000);
    if (wasModel) models++;
  }
  // a mutation of a weight, or of a field that does not matter, leaves a model: both outcomes are put to the test
  expect(models).toBeGreaterThan(MUTATIONS / 100);
  expect(models).toBeLessThan(MUTATIONS * 0.9);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});
