import { expect, test } from 'vitest';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { openSafetensors } from '#minillm/formats/open-safetensors.js';

test('names and shapes are those of a GPT-2 saved by transformers', async () => {
  const file = await openSafetensors('test/fixtures/gpt2-tiny/model.safetensors');
  await file.close();
  const saved = [...file.tensors].map(([name, { shape }]) => ({ name, shape }));
  const parameters = gpt2Parameters({
    layers: 2,
    heads: 2,
    channels: 32,
    contextLength: 24,
    vocabularySize: 500,
    layerNormEpsilon: 1e-5,
  });
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect(parameters.sort(byName)).toEqual(saved.sort(byName));
});

test.each([
  [12, 768, 124_439_808],
  [24, 1024, 354_823_168],
  [36, 1280, 774_030_080],
  [48, 1600, 1_557_611_200],
])('%d layers of %d channels have %d parameters', (layers, channels, expected) => {
  const config = { layers, heads: 1, channels, contextLength: 1024, vocabularySize: 50257, layerNormEpsilon: 1e-5 };
  const sizes = gpt2Parameters(config).map(({ shape }) => shape.reduce((a, b) => a * b));
  expect(sizes.reduce((a, b) => a + b)).toBe(expected);
});
