// Compares our ids with those of tiktoken: reads the lines of scripts/tiktoken-strings.py, names the first differences.
import { createInterface } from 'node:readline';
import { encode } from '../dist/data/tokenizer/tokenizer.js';

let texts = 0;
let tokens = 0;
let different = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { text, ids } = JSON.parse(line);
  const ours = encode(text);
  texts++;
  tokens += ids.length;
  if (ours.length === ids.length && ours.every((id, i) => id === ids[i])) continue;
  if (different++ < 10) console.error(`${JSON.stringify(text)}\n  expected ${ids}\n  found    ${ours}`);
}
console.log(`${texts} texts, ${tokens} tokens, ${different} texts with other ids`);
if (different > 0 || texts === 0) process.exitCode = 1;
