import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Gpt2Config, renderGpt2Config } from '#minillm/formats/gpt2-config.js';
import { openGpt2Folder, writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { buildHeader } from '#minillm/formats/safetensors-header.js';
import type { TensorSource } from '#minillm/formats/safetensors-slices.js';
import { writeSafetensors } from '#minillm/formats/safetensors-writer.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { numberedModel, transposed, wholeParameter } from './numbered-model.ts';

const CONFIG: Gpt2Config = {
  layers: 2,
  heads: 1,
  channels: 8,
  contextLength: 4,
  vocabularySize: 10,
  layerNormEpsilon: 1e-5,
};

/** Every parameter filled with its number in the list of parameters. */
const SOURCES: TensorSource[] = gpt2Parameters(CONFIG).map(({ name, shape }, index) => ({
  name,
  shape,
  dtype: 'F32',
  read: (_, target) => void target.fill(index),
}));

const named = (source: TensorSource, name: string): TensorSource => ({ ...source, name });

async function write(path: string, ...tensors: TensorSource[]): Promise<string> {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.json'), renderGpt2Config(CONFIG));
  await writeSafetensors(join(path, 'model.safetensors'), tensors);
  return path;
}

async function open(path: string) {
  const folder = await openGpt2Folder(path);
  onTestFinished(() => folder.close());
  return folder;
}

async function firstElements(path: string): Promise<number[]> {
  const folder = await open(path);
  const values: number[] = [];
  for (const { name } of folder.parameters) {
    const target = new Float32Array(1);
    await folder.readInto(name, 0, target);
    values.push(target[0]!);
  }
  return values;
}

const EVERY_NUMBER = SOURCES.map((_, index) => index);

describe('openGpt2Folder', () => {
  test('opens the fixture', async () => {
    const folder = await open('test/fixtures/gpt2-tiny');
    expect(folder.config.vocabularySize).toBe(500);
    expect(folder.parameters.length).toBe(28);
  });

  test('takes names without the prefix, and passes over masks and a head that is the embedding', async () => {
    const bare = SOURCES.map((source) => named(source, source.name.replace('transformer.', '')));
    const others = ['h.0.attn.bias', 'h.1.attn.masked_bias', 'lm_head.weight'].map((name) => named(SOURCES[0]!, name));
    expect(await firstElements(await write(temporaryFolder(), ...others, ...bare))).toEqual(EVERY_NUMBER);
  });

  test('refuses a head of its own, and takes one that differs by the rounding of its type', async () => {
    const filled = (value: number): TensorSource => ({
      ...SOURCES[0]!,
      dtype: 'F32',
      read: (_, target) => void target.fill(value),
    });
    const folder = (value: number) =>
      write(temporaryFolder(), named(filled(value), 'lm_head.weight'), filled(0.1), ...SOURCES.slice(1));
    expect((await open(await folder(0.1))).config).toEqual(CONFIG);
    await expect(openGpt2Folder(await folder(0.1001))).rejects.toThrow(
      /model\.safetensors: tensor lm_head\.weight: expected the values of transformer\.wte\.weight/,
    );

    // the head as bfloat16, in a file of its own
    const path = await write(temporaryFolder(), filled(0.1), ...SOURCES.slice(1));
    renameSync(join(path, 'model.safetensors'), join(path, 'a.safetensors'));
    const header = buildHeader([{ name: 'lm_head.weight', dtype: 'BF16', shape: SOURCES[0]!.shape }]);
    const bfloat16 = (value: number) =>
      new Uint16Array(80).fill(new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16);
    const weight_map = { a: 'a.safetensors', b: 'b.safetensors' };
    writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    writeFileSync(join(path, 'b.safetensors'), Buffer.concat([header, Buffer.from(bfloat16(0.1).buffer)]));
    expect((await open(path)).config).toEqual(CONFIG);
    writeFileSync(join(path, 'b.safetensors'), Buffer.concat([header, Buffer.from(bfloat16(0.11).buffer)]));
    await expect(openGpt2Folder(path)).rejects.toThrow(UserError);
  });

  test("takes nn.Linear's weights, [out, in], as nanoGPT and build-nanogpt have them", async () => {
    const model = numberedModel(CONFIG);
    const isLinear = (name: string) => /c_(attn|proj|fc)\.weight$/.test(name);
    const tensors = gpt2Parameters(CONFIG).map(({ name, shape }): TensorSource => {
      const linear = isLinear(name);
      const read = async (start: number, target: Float32Array) => {
        const values = await wholeParameter(model, name);
        const stored = linear ? transposed(values, shape[1]!) : values;
        target.set(stored.subarray(start, start + target.length));
      };
      return { name, shape: linear ? shape.toReversed() : shape, dtype: 'F32', read };
    });
    const folder = await open(await write(temporaryFolder(), ...tensors));
    for (const { name } of folder.parameters)
      expect(await wholeParameter(folder, name), name).toEqual(await wholeParameter(model, name));

    // some one way round, some the other: of no program
    const at = tensors.findIndex(({ name }) => name === 'transformer.h.1.mlp.c_fc.weight');
    const mixed = tensors.map((tensor, index) => (index === at ? { ...tensor, shape: [8, 32] } : tensor));
    await expect(openGpt2Folder(await write(temporaryFolder(), ...mixed))).rejects.toThrow(
      'tensor transformer.h.1.mlp.c_fc.weight: expected shape [32, 8] by config.json, found [8, 32]',
    );
  });

  test('takes the head for the token embedding that is missing, as save_model leaves it', async () => {
    const tied = [named(SOURCES[0]!, 'lm_head.weight'), ...SOURCES.slice(1)];
    expect(await firstElements(await write(temporaryFolder(), ...tied))).toEqual(EVERY_NUMBER);
    const other = [{ ...named(SOURCES[0]!, 'lm_head.weight'), shape: [8, 10] }, ...SOURCES.slice(1)];
    await expect(openGpt2Folder(await write(temporaryFolder(), ...other))).rejects.toThrow(
      'expected tensor transformer.wte.weight [10, 8], found none',
    );
  });

  test('takes several files with an index', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'config.json'), renderGpt2Config(CONFIG));
    await writeSafetensors(join(path, 'one.safetensors'), SOURCES.slice(0, 10));
    await writeSafetensors(join(path, 'two.safetensors'), SOURCES.slice(10));
    const weight_map = Object.fromEntries(
      SOURCES.map(({ name }, i) => [name, i < 10 ? 'one.safetensors' : 'two.safetensors']),
    );
    writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
    expect(await firstElements(path)).toEqual(EVERY_NUMBER);
  });

  test('an index that points out of the folder is refused', async () => {
    const path = temporaryFolder();
    for (const name of ['../secret.safetensors', '..', 'a/b', 'a\0']) {
      writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: name } }));
      await expect(openGpt2Folder(path)).rejects.toThrow('expected names of files beside it');
    }
  });

  test.each<[string, TensorSource[], string]>([
    ['lacks a tensor', SOURCES.slice(1), 'expected tensor transformer.wte.weight [10, 8], found none'],
    ['lacks several', SOURCES.slice(2), 'expected tensor transformer.wte.weight [10, 8] and 1 more, found none'],
    [
      'has one too many',
      [...SOURCES, named(SOURCES[4]!, 'transformer.h.2.attn.c_attn.weight')],
      'tensor transformer.h.2.attn.c_attn.weight: the GPT-2 of config.json has no such parameter',
    ],
    [
      'has one of another shape',
      [{ ...SOURCES[0]!, shape: [8, 10] }, ...SOURCES.slice(1)],
      'tensor transformer.wte.weight: expected shape [10, 8] by config.json, found [8, 10]',
    ],
    [
      'has one of another type',
      [{ ...SOURCES[0]!, dtype: 'I32', read: () => {} }, ...SOURCES.slice(1)],
      'tensor transformer.wte.weight: expected type F32, BF16, F16, F64, found I32',
    ],
    ['has one twice', [...SOURCES, named(SOURCES[0]!, 'wte.weight')], 'tensor wte.weight: appears twice'],
  ])('a folder that %s is refused by name', async (_, tensors, message) => {
    const path = await write(temporaryFolder(), ...tensors);
    await expect(openGpt2Folder(path)).rejects.toThrow(UserError);
    await expect(openGpt2Folder(path)).rejects.toThrow(message);
  });

  test('a folder of something else says what was found and what to do', async () => {
    const path = temporaryFolder();
    await expect(openGpt2Folder(join(path, 'no'))).rejects.toThrow('could not read the folder (ENOENT');
    await expect(openGpt2Folder(path)).rejects.toThrow('with model.safetensors and config.json, found an empty folder');
    writeFileSync(join(path, 'pytorch_model.bin'), '');
    await expect(openGpt2Folder(path)).rejects.toThrow('convert it with transformers');
    writeFileSync(join(path, 'model.safetensors'), '');
    await expect(openGpt2Folder(path)).rejects.toThrow(`${join(path, 'config.json')}: could not read it`);
  });
});

describe('writeGpt2Folder', () => {
  test('what is written is read back', async () => {
    const path = join(temporaryFolder(), 'new');
    await writeGpt2Folder(path, CONFIG, (name, start, target) => {
      const index = SOURCES.findIndex((source) => source.name === name);
      for (let element = 0; element < target.length; element++) target[element] = index * 1000 + start + element;
    });
    const folder = await open(path);
    expect(folder.config).toEqual(CONFIG);
    const target = new Float32Array(2);
    await folder.readInto('transformer.h.1.mlp.c_proj.weight', 5, target);
    const index = SOURCES.findIndex(({ name }) => name === 'transformer.h.1.mlp.c_proj.weight');
    expect([...target]).toEqual([index * 1000 + 5, index * 1000 + 6]);
  });

  test("a model of GPT-2's vocabulary gets the tokenizer, another does not", async () => {
    const folder = temporaryFolder();
    const zeros = (_name: string, _start: number, target: Float32Array) => void target.fill(0);
    await writeGpt2Folder(join(folder, 'small'), CONFIG, zeros);
    await writeGpt2Folder(join(folder, 'gpt2'), { ...CONFIG, vocabularySize: 50257 }, zeros);
    expect(readdirSync(join(folder, 'small')).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
    ]);
    expect(readdirSync(join(folder, 'gpt2')).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'merges.txt',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    const generation = JSON.parse(readFileSync(join(folder, 'gpt2', 'generation_config.json'), 'utf8'));
    expect(generation).toEqual({ _from_model_config: true, bos_token_id: 50256, eos_token_id: 50256 });
  });
});
