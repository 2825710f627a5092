import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import type { LlmcType } from '#minillm/formats/llmc/layout.js';
import { llmcModelFile } from '#minillm/formats/llmc/model-file.js';
import { openLlmcModel } from '#minillm/formats/llmc/open-model.js';
import { llmcTokenizer } from '#minillm/formats/llmc/tokenizer-file.js';
import { UserError } from '#minillm/support/errors.js';
import { writeFileAtomic } from '#minillm/support/files.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { numberedModel, wholeParameter } from '../numbered-model.ts';

const CONFIG: Gpt2Config = {
  layers: 2,
  heads: 1,
  channels: 8,
  contextLength: 4,
  vocabularySize: 130,
  layerNormEpsilon: 1e-5,
};
const MODEL = numberedModel(CONFIG);

async function written(type: LlmcType, model = MODEL): Promise<string> {
  const path = join(temporaryFolder(), 'model.bin');
  const file = llmcModelFile(model, type);
  await writeFileAtomic(path, file.pieces());
  expect((await stat(path)).size).toBe(file.bytes);
  return path;
}

async function open(path: string) {
  const model = await openLlmcModel(path);
  onTestFinished(() => model.close());
  return model;
}

test('lies as llm.c reads it: the header, padded token embeddings, each kind of parameter for all layers, [out, in]', async () => {
  const bytes = await readFile(await written('f32'));
  expect(Array.from({ length: 9 }, (_, index) => bytes.readInt32LE(4 * index))).toEqual([
    ...[20240326, 3, 4, 130, 2, 1, 8, 256, 0],
  ]);
  const [L, C, Vp, T] = [2, 8, 256, 4];
  // fill_in_parameter_sizes of train_gpt2.c
  const sizes = [
    ...[Vp * C, T * C, L * C, L * C, L * 3 * C * C, L * 3 * C, L * C * C, L * C, L * C, L * C],
    ...[L * 4 * C * C, L * 4 * C, L * C * 4 * C, L * C, C, C],
  ];
  expect(bytes.length).toBe(1024 + 4 * sizes.reduce((sum, size) => sum + size));
  const at = (tensor: number, index: number): number =>
    bytes.readFloatLE(1024 + 4 * (sizes.slice(0, tensor).reduce((sum, size) => sum + size, 0) + index));
  const parameter = (name: string) => wholeParameter(MODEL, `transformer.${name}`);
  const wte = await parameter('wte.weight');
  expect([at(0, 0), at(0, 130 * C - 1), at(0, 130 * C), at(0, Vp * C - 1)]).toEqual([0, wte.at(-1), 0, 0]);
  expect(at(1, 5)).toBe((await parameter('wpe.weight'))[5]);
  expect(at(2, C + 3)).toBe((await parameter('h.1.ln_1.weight'))[3]);
  // from channel 5 to output 17 of the second layer
  expect(at(4, 3 * C * C + 17 * C + 5)).toBe((await parameter('h.1.attn.c_attn.weight'))[5 * 3 * C + 17]);
  expect(at(12, 4 * C * C + 2 * 4 * C + 30)).toBe((await parameter('h.1.mlp.c_proj.weight'))[30 * C + 2]);
  expect(at(15, 7)).toBe((await parameter('ln_f.bias'))[7]);
});

test.each<[LlmcType, number]>([
  ['f32', 1],
  // whole numbers up to 256 are exact in 8 bits
  ['bf16', 0],
])('%s is read back as it was', async (type, isNumbered) => {
  const model = isNumbered ? MODEL : { ...MODEL, readInto: bytesOnly };
  const read = await open(await written(type, model));
  expect(read.config).toEqual(CONFIG);
  expect(read.parameters).toEqual(gpt2Parameters(CONFIG));
  for (const { name } of read.parameters)
    expect(await wholeParameter(read, name), name).toEqual(await wholeParameter(model, name));
  const part = new Float32Array(3);
  await read.readInto('transformer.h.1.mlp.c_fc.weight', 11, part);
  expect(part).toEqual((await wholeParameter(model, 'transformer.h.1.mlp.c_fc.weight')).slice(11, 14));
  await expect(read.readInto('transformer.ln_f.bias', 6, part)).rejects.toThrow(RangeError);
  await expect(read.readInto('transformer.h.0.mlp.c_fc.weight', 254, part)).rejects.toThrow(RangeError);
});

async function bytesOnly(name: string, start: number, target: Float32Array): Promise<void> {
  await MODEL.readInto(name, start, target);
  for (let index = 0; index < target.length; index++) target[index]! %= 251;
}

test('bf16 is rounded to the nearest', async () => {
  const read = await open(await written('bf16'));
  const values = await wholeParameter(read, 'transformer.h.1.mlp.c_fc.weight');
  const exact = await wholeParameter(MODEL, 'transformer.h.1.mlp.c_fc.weight');
  expect(values.every((value, index) => Math.abs(value - exact[index]!) <= exact[index]! * 2 ** -8)).toBe(true);
});

test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
  ['empty', () => Buffer.alloc(0), /model file of llm\.c with a header of 1024 bytes, found 0 bytes/],
  [
    'of another kind',
    (bytes) => bytes.fill(7, 0, 4),
    /expected a model file of llm\.c \(magic 20240326 at byte 0\), found 117901063/,
  ],
  ['of an older version', (bytes) => put(bytes, 1, 1), /expected version 3 \(fp32\) or 5 \(bf16\) at byte 4, found 1/],
  ['cut short', (bytes) => bytes.subarray(0, -1), /expected 16384 bytes by its header, found 16383; it is cut short/],
  ['too long', (bytes) => Buffer.concat([bytes, Buffer.alloc(4)]), /expected 16384 bytes by its header, found 16388/],
  ['of another type than it says', (bytes) => put(bytes, 1, 5), /expected 8704 bytes by its header, found 16384/],
  [
    'of 2^31 − 1 layers',
    (bytes) => put(bytes, 4, 2 ** 31 - 1),
    /num_layers at byte 16 to be from 1 to 1000, found 2147483647/,
  ],
  ['of a negative width', (bytes) => put(bytes, 6, -8), /channels at byte 24 to be from 1 to 100000000, found -8/],
  [
    'of 3 heads in 8 channels',
    (bytes) => put(bytes, 5, 3),
    /heads of a multiple of 8 channels, at most 128, found 3 heads in 8/,
  ],
  [
    'of fewer rows than tokens',
    (bytes) => put(bytes, 7, 129),
    /padded_vocab_size at byte 28 to be from 130 to .*, found 129/,
  ],
])('a file that is %s is refused in one line that names it', async (_, damage, message) => {
  const path = await written('f32');
  await writeFile(path, damage(await readFile(path)));
  await expect(openLlmcModel(path)).rejects.toThrow(UserError);
  await expect(openLlmcModel(path)).rejects.toThrow(message);
  await expect(openLlmcModel(path)).rejects.toThrow(path);
});

function put(bytes: Buffer, index: number, value: number): Buffer {
  bytes.writeInt32LE(value, 4 * index);
  return bytes;
}

test('a model with other LayerNorms than those of llm.c is refused', () => {
  expect(() => llmcModelFile(numberedModel({ ...CONFIG, layerNormEpsilon: 1e-6 }), 'f32')).toThrow(
    /^numbered: expected a layer_norm_epsilon of 0\.00001, .*, found 0\.000001$/,
  );
});

test('the tokenizer holds the bytes of every token', () => {
  const bytes = Buffer.from(llmcTokenizer());
  expect([0, 1, 2, 3, 4].map((index) => bytes.readInt32LE(4 * index))).toEqual([20240328, 2, 50257, 50256, 0]);
  const tokens: Buffer[] = [];
  for (let at = 1024; at < bytes.length; at += 1 + bytes[at]!) tokens.push(bytes.subarray(at + 1, at + 1 + bytes[at]!));
  expect(tokens.length).toBe(50257);
  expect([tokens[262], tokens[50256]].map(String)).toEqual([' the', '<|endoftext|>']);
  expect([...tokens[188]!]).toEqual([0]);
});
