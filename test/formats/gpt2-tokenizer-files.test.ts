import { expect, test } from 'vitest';
import { gpt2TokenizerFiles } from '#minillm/formats/gpt2-tokenizer-files.js';

const CONFIG = { layers: 1, heads: 1, channels: 8, contextLength: 128, vocabularySize: 50257, layerNormEpsilon: 1e-5 };

test('both forms hold the same vocabulary and merges', () => {
  const files = gpt2TokenizerFiles(CONFIG);
  const vocabulary = JSON.parse(files.get('vocab.json')!);
  const { model, added_tokens } = JSON.parse(files.get('tokenizer.json')!);
  expect(Object.keys(vocabulary).length).toBe(50257);
  expect(vocabulary).toMatchObject({ '!': 0, Hello: 15496, Ġworld: 995, '<|endoftext|>': 50256 });
  expect(model.vocab).toEqual(vocabulary);
  expect(files.get('merges.txt')!.trim().split('\n').slice(1)).toEqual(model.merges);
  expect(added_tokens).toMatchObject([{ id: 50256, content: '<|endoftext|>', special: true }]);
});

test('texts are at most as long as the context', () => {
  const settings = JSON.parse(gpt2TokenizerFiles(CONFIG).get('tokenizer_config.json')!);
  expect(settings).toMatchObject({ model_max_length: 128, eos_token: '<|endoftext|>' });
});

test('a smaller vocabulary has no tokenizer', () => {
  expect(gpt2TokenizerFiles({ ...CONFIG, vocabularySize: 50256 }).size).toBe(0);
});
