/** @file The downloaded zip as transformers reads it, where Python has it: its tokens, its losses, its greedy texts. */

import { execFileSync, spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { elements } from '#minillm/engine/tensor.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { loadModel } from '#minillm/index.js';
import { zipCheckpoint } from '#minillm/library/checkpoint-zip.js';
import { fillNormal } from '#minillm/support/random.js';
import { devices } from '../../../engine/devices.ts';
import { openScorer } from '../../../eval/scoring-fixture.ts';
import { unpack } from '../../../support/unpack.ts';

const PYTHON = process.env.MINILLM_TEST_PYTHON ?? 'python3';
const FIND = 'import importlib.util as u, sys; sys.exit(None in map(u.find_spec, ["torch", "transformers"]))';
const hasTransformers = spawnSync(PYTHON, ['-c', FIND]).status === 0;

const TEXT = 'Once upon a time, Lily’s 3 dogs met a naïve 🦊.';
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

const CONFIG = {
  ...{ layers: 2, heads: 2, channels: 16, contextLength: 64, vocabularySize: 50257, layerNormEpsilon: 1e-5 },
};

/** Weights so large that no two tokens are about equally likely. */
function makeWeights(): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of gpt2Parameters(CONFIG)) {
    const values = new Float32Array(elements(shape));
    fillNormal(values, 0.5, 1, name);
    weights.set(name, values);
  }
  return weights;
}

test.skipIf(!hasTransformers)(
  'transformers finds the same tokens, loss and text in a downloaded zip',
  async () => {
    const zip = await zipCheckpoint('model', CONFIG, makeWeights());
    const path = unpack(new Uint8Array(await zip.arrayBuffer()));
    const expected = JSON.parse(execFileSync(PYTHON, ['-c', READ, path, TEXT, `${NEW_TOKENS}`], { encoding: 'utf8' }));

    const tokens = [...encode(TEXT)];
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
    for await (const event of model.generate(TEXT, { tokens: NEW_TOKENS, temperature: 0 }))
      if ('text' in event) written += event.text;
    expect(written).toBe(expected.written);
  },
  300_000,
);
