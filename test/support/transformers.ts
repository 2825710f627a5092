/** @file A folder as transformers reads it, where Python has it: MINILLM_TEST_PYTHON names one that does. */

import { execFileSync, spawnSync } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { loadModel } from '#minillm/index.js';
import { devices } from '../engine/devices.ts';
import { openScorer } from '../eval/scoring-fixture.ts';

const PYTHON = process.env.MINILLM_TEST_PYTHON ?? 'python3';
const FIND = 'import importlib.util as u, sys; sys.exit(None in map(u.find_spec, ["torch", "transformers"]))';

export const hasTransformers = spawnSync(PYTHON, ['-c', FIND]).status === 0;

const NEW_TOKENS = 12;

const READ = `
import json, sys, torch
from transformers import AutoTokenizer, GPT2LMHeadModel
folder, text, count = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = GPT2LMHeadModel.from_pretrained(folder).eval()
inputs = tokenizer(text, return_tensors="pt")
with torch.no_grad():
    loss = model(**inputs, labels=inputs["input_ids"]).loss.item()
    written = model.generate(**inputs, max_new_tokens=int(count), do_sample=False, pad_token_id=tokenizer.eos_token_id)[0]
tokens = inputs["input_ids"][0].tolist()
print(json.dumps({"tokens": tokens, "loss": loss, "written": tokenizer.decode(written[len(tokens):])}))
`;

interface Reading {
  readonly tokens: readonly number[];
  /** The mean of all tokens but the first. */
  readonly loss: number;
  /** What it writes after the text, greedily. */
  readonly written: string;
}

/** Checks that transformers finds the tokens, the loss and the greedy text in a folder that are found here. */
export async function checkWithTransformers(path: string, text: string): Promise<void> {
  const expected: Reading = JSON.parse(
    execFileSync(PYTHON, ['-c', READ, path, text, `${NEW_TOKENS}`], { encoding: 'utf8' }),
  );
  const tokens = [...encode(text)];
  expect(tokens).toEqual(expected.tokens);
  const device = devices.find(({ precision }) => precision === 'fp32');
  const { scorer } = await openScorer(device!, { path });
  const [scores] = (await scorer.score([{ context: tokens.slice(0, 1), continuations: [tokens.slice(1)] }]).next())
    .value!;
  const loss = -scores!.values.reduce((sum, value) => sum + value, 0) / (tokens.length - 1);
  expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-4);

  const model = await loadModel(path);
  onTestFinished(() => model.close());
  let written = '';
  for await (const event of model.generate(text, { tokens: NEW_TOKENS, temperature: 0 }))
    if ('text' in event) written += event.text;
  expect(written).toBe(expected.written);
}
