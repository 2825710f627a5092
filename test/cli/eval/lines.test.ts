import { expect, test } from 'vitest';
import { evaluationTable } from '#minillm/cli/eval/lines.js';

const VALIDATION = { loss: 3.29242, tokens: 10_485_760, sequenceLength: 1024, bytes: 50_000_000, bitsPerByte: 0.99612 };

/** A result of so many right by mean log-probability. */
function hellaswag(correctNorm: number, total: number) {
  return { accuracy: 0.286, accuracyNorm: correctNorm / total, correct: Math.round(0.286 * total), correctNorm, total };
}

function rows(correctNorm: number, total: number): string[] {
  const models = ['hf:openai-community/gpt2', 'out/book/step-00000100'].map((name) => ({
    name,
    path: `/cache/${name}`,
  }));
  const found = { parameters: 124_439_808, validation: VALIDATION, hellaswag: hellaswag(correctNorm, total) };
  return evaluationTable(models.map((model) => ({ ...model, ...found }))).split('\n');
}

test('an accuracy on all of HellaSwag is one figure a model', () => {
  expect(rows(2967, 10_042)).toEqual([
    'checkpoint                 parameters  val loss  bits/byte  HellaSwag  summed',
    'hf:openai-community/gpt2  124,439,808    3.2924     0.9961     0.2955  0.2860',
    'out/book/step-00000100    124,439,808    3.2924     0.9961     0.2955  0.2860',
  ]);
});

test('losses at different lengths say at which, since they do not compare', () => {
  const model = { path: '', parameters: 1 };
  const short = { ...VALIDATION, sequenceLength: 128 };
  const evaluations = [
    { ...model, name: 'gpt2', validation: VALIDATION },
    { ...model, name: 'tiny', validation: short },
  ];
  expect(evaluationTable(evaluations).split('\n')).toEqual([
    'checkpoint  parameters  val loss  in rows of  bits/byte',
    'gpt2                 1    3.2924       1,024     0.9961',
    'tiny                 1    3.2924         128     0.9961',
  ]);
});

test('an accuracy on a part of HellaSwag says of how many examples it is, in a table that fits a terminal', () => {
  const table = rows(1, 4);
  expect(table[1]).toMatch(/ 0\.2500 \(1\/4\) {2}0\.2860$/);
  for (const row of table) expect(row.length).toBeLessThanOrEqual(80);
});
