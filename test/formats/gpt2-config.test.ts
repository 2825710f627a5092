import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderGpt2Config } from '#minillm/formats/gpt2-config.js';
import { readGpt2Config } from '#minillm/formats/gpt2-config-file.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The parts of OpenAI's own config.json that say what the network is. */
const GPT2 = {
  model_type: 'gpt2',
  n_layer: 12,
  n_head: 12,
  n_embd: 768,
  n_positions: 1024,
  n_ctx: 1024,
  vocab_size: 50257,
};

async function read(json: object) {
  const path = join(temporaryFolder(), 'config.json');
  writeFileSync(path, JSON.stringify(json));
  return readGpt2Config(path);
}

test('reads the fixture', async () => {
  expect(await readGpt2Config('test/fixtures/gpt2-tiny/config.json')).toEqual({
    layers: 2,
    heads: 2,
    channels: 32,
    contextLength: 24,
    vocabularySize: 500,
    layerNormEpsilon: 1e-5,
  });
});

test('what is written is read back', async () => {
  const config = {
    layers: 3,
    heads: 2,
    channels: 16,
    contextLength: 8,
    vocabularySize: 50257,
    layerNormEpsilon: 1e-6,
  };
  const written = JSON.parse(renderGpt2Config(config));
  expect(written).toMatchObject({ bos_token_id: 50256, eos_token_id: 50256, attn_pdrop: 0, n_ctx: 8 });
  expect(await read(written)).toEqual(config);
});

test('a model of another vocabulary has no <|endoftext|>', () => {
  const config = { layers: 1, heads: 1, channels: 8, contextLength: 8, vocabularySize: 500, layerNormEpsilon: 1e-5 };
  expect(JSON.parse(renderGpt2Config(config))).toMatchObject({ bos_token_id: null, eos_token_id: null });
});

test.each([
  [{}],
  [{ n_inner: null }],
  [{ n_inner: 3072 }],
  [{ activation_function: 'gelu_pytorch_tanh' }],
  [{ attn_pdrop: 0.1, summary_type: 'cls_index', reorder_and_upcast_attn: true }],
])('a config with %j is the same network', async (fields) => {
  expect(await read({ ...GPT2, ...fields })).toMatchObject({
    layers: 12,
    heads: 12,
    channels: 768,
    layerNormEpsilon: 1e-5,
  });
});

test.each<[object, string]>([
  [{ model_type: 'llama' }, 'expected model_type "gpt2", found "llama"'],
  [{ activation_function: 'relu' }, 'expected activation_function "gelu_new" or "gelu_pytorch_tanh", found "relu"'],
  [{ tie_word_embeddings: false }, 'expected tie_word_embeddings true, found false'],
  [{ n_inner: 1024 }, 'expected n_inner null or 4·n_embd = 3072, found 1024'],
  [{ n_head: 7 }, 'expected n_embd divisible by n_head 7, found 768'],
  [{ n_head: 64 }, 'expected n_head to give heads of a multiple of 8 channels, at most 128 (n_embd is 768), found 64'],
  [{ n_head: 4 }, 'at most 128 (n_embd is 768), found 4'],
  [{ scale_attn_by_inverse_layer_idx: true }, 'expected scale_attn_by_inverse_layer_idx false, found true'],
  [{ scale_attn_weights: false }, 'expected scale_attn_weights true, found false'],
  [{ n_layer: undefined }, 'n_layer: expected number, found none'],
  [{ n_layer: 1e9 }, 'n_layer: Too big'],
  [{ vocab_size: 0 }, 'vocab_size: Too small'],
  [{ n_embd: 76.8 }, 'n_embd: expected int, found 76.8'],
])('a config with %j is refused', async (fields, message) => {
  const failure = read({ ...GPT2, ...fields });
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(message);
});
