import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { describe, expect, test } from 'vitest';
import { ggufFile } from '#minillm/formats/gguf/gguf-file.js';
import type { GgufType } from '#minillm/formats/gguf/tensor-types.js';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { writeFileAtomic } from '#minillm/support/files.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { numberedModel, transposed, wholeParameter } from '../numbered-model.ts';

const CONFIG: Gpt2Config = {
  layers: 2,
  heads: 4,
  channels: 32,
  contextLength: 5,
  vocabularySize: 50304,
  layerNormEpsilon: 1e-6,
};
/** What rounds to whole numbers in bf16 is no use for telling places apart; these steps are exact in float32. */
const MODEL = numberedModel(CONFIG, 2 ** -10);

/** Writes the model, and reads the file as others do. */
async function written(type: GgufType) {
  const path = join(temporaryFolder(), 'model.gguf');
  const file = ggufFile(MODEL, { type, name: 'numbered' });
  await writeFileAtomic(path, file.pieces());
  expect((await stat(path)).size).toBe(file.bytes);
  const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
  const bytes = await readFile(path);
  const data = (name: string, length: number): Buffer => {
    const info = tensorInfos.find((tensor) => tensor.name === name)!;
    const start = Number(tensorDataOffset) + Number(info.offset);
    return Buffer.from(bytes.subarray(start, start + length));
  };
  return { metadata: metadata as Record<string, unknown>, tensorInfos, data, bytes };
}

const floats = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

describe('a GGUF file', () => {
  test('says what llama.cpp asks of a GPT-2, its tokenizer included', async () => {
    const { metadata } = await written('f32');
    const { 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.merges': merges, ...rest } = metadata;
    const { 'tokenizer.ggml.token_type': types, ...others } = rest;
    expect(others).toMatchObject({
      version: 3,
      'general.architecture': 'gpt2',
      'general.name': 'numbered',
      'general.file_type': 0,
      'gpt2.block_count': 2,
      'gpt2.context_length': 5,
      'gpt2.embedding_length': 32,
      'gpt2.feed_forward_length': 128,
      'gpt2.attention.head_count': 4,
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'gpt-2',
      'tokenizer.ggml.bos_token_id': 50256,
      'tokenizer.ggml.eos_token_id': 50256,
      'tokenizer.ggml.add_bos_token': false,
    });
    expect(others['gpt2.attention.layer_norm_epsilon']).toBeCloseTo(1e-6, 12);
    const list = tokens as string[];
    expect([list.length, list[262], list[50256], list[50257], list[50303]]).toEqual([
      ...[50304, 'Ġthe', '<|endoftext|>', '[PAD50257]', '[PAD50303]'],
    ]);
    expect([(merges as string[]).length, (merges as string[])[0]]).toEqual([50000, 'Ġ t']);
    const kinds = types as number[];
    // normal, control, unused
    expect([kinds.length, kinds[0], kinds[50255], kinds[50256], kinds[50257]]).toEqual([50304, 1, 1, 3, 5]);
  });

  test("has every parameter under llama.cpp's name, columns first, linear weights as [out, in]", async () => {
    const { tensorInfos, data } = await written('f32');
    const block = ['attn_norm', 'attn_qkv', 'attn_output', 'ffn_norm', 'ffn_up', 'ffn_down'].flatMap((layer) =>
      [0, 1].flatMap((index) => ['weight', 'bias'].map((kind) => `blk.${index}.${layer}.${kind}`)),
    );
    const outside = ['token_embd.weight', 'position_embd.weight', 'output_norm.weight', 'output_norm.bias'];
    expect(tensorInfos.map(({ name }) => name).sort()).toEqual([...block, ...outside].sort());
    const shapes = new Map(tensorInfos.map(({ name, shape }) => [name, shape.map(Number)]));
    expect(shapes.get('token_embd.weight')).toEqual([32, 50304]);
    expect(shapes.get('blk.1.attn_qkv.weight')).toEqual([32, 96]);
    expect(shapes.get('blk.1.ffn_down.weight')).toEqual([128, 32]);

    const pairs = [
      ['blk.1.ffn_down.weight', 'transformer.h.1.mlp.c_proj.weight', 32],
      ['blk.0.attn_output.weight', 'transformer.h.0.attn.c_proj.weight', 32],
      ['blk.1.attn_qkv.weight', 'transformer.h.1.attn.c_attn.weight', 96],
      ['blk.0.ffn_up.weight', 'transformer.h.0.mlp.c_fc.weight', 128],
    ] as const;
    for (const [name, ours, columns] of pairs) {
      const values = await wholeParameter(MODEL, ours);
      expect(floats(data(name, 4 * values.length)), name).toEqual(transposed(values, columns));
    }
    for (const [name, ours] of [
      ['position_embd.weight', 'transformer.wpe.weight'],
      ['token_embd.weight', 'transformer.wte.weight'],
      ['output_norm.bias', 'transformer.ln_f.bias'],
      ['blk.1.attn_qkv.bias', 'transformer.h.1.attn.c_attn.bias'],
    ] as const) {
      const values = await wholeParameter(MODEL, ours);
      expect(Buffer.compare(data(name, 4 * values.length), Buffer.from(values.buffer)), name).toBe(0);
    }
  });

  test.each<[GgufType, number, number]>([
    ['f16', 1, 1],
    ['bf16', 30, 32],
    ['q8_0', 8, 7],
  ])('%s is the type of matrices; vectors and positions stay f32', async (type, id, fileType) => {
    const { metadata, tensorInfos } = await written(type);
    expect(metadata['general.file_type']).toBe(fileType);
    for (const { name, dtype, offset } of tensorInfos) {
      const isMatrix = /(embd|qkv|output|up|down)\.weight$/.test(name) && name !== 'position_embd.weight';
      expect([name, dtype, Number(offset) % 32]).toEqual([name, isMatrix ? id : 0, 0]);
    }
  });

  test('q8_0 is within half a step of each block of a transposed weight', async () => {
    const { data } = await written('q8_0');
    const values = transposed(await wholeParameter(MODEL, 'transformer.h.1.mlp.c_fc.weight'), 128);
    const bytes = data('blk.1.ffn_up.weight', (values.length / 32) * 34);
    for (let index = 0; index < values.length; index++) {
      const block = Math.floor(index / 32);
      const largest = Math.max(...values.subarray(32 * block, 32 * block + 32).map(Math.abs));
      const found = bytes.readInt8(34 * block + 2 + (index % 32)) * (largest / 127);
      expect(Math.abs(found - values[index]!)).toBeLessThanOrEqual(largest / 127 / 1.999);
    }
  });
});

test('what GGUF cannot hold is refused, naming the model', () => {
  const refusal = (config: Partial<Gpt2Config>, type: GgufType) => () =>
    ggufFile(numberedModel({ ...CONFIG, ...config }), { type, name: '' });
  expect(refusal({ vocabularySize: 500 }, 'f32')).toThrow(
    /^numbered: expected GPT-2's vocabulary of 50257 tokens, .*, found one of 500$/,
  );
  expect(refusal({ channels: 40 }, 'q8_0')).toThrow(
    'numbered: q8_0 packs 32 channels in a block: expected a multiple of them, found 40; take another type',
  );
});
