/** @file The flags of `npm run bench`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { processorCount } from '#minillm/support/processors.js';

export interface Options {
  readonly only: RegExp;
  readonly rounds: number;
  readonly threads: number;
  /** Where JSON goes: `true` is standard output, instead of the table. */
  readonly json?: string | true;
  /** Documents to tokenise: .jsonl, .jsonl.gz or plain text. */
  readonly texts?: string;
  readonly python?: string;
  readonly llama?: string;
  readonly llmc?: string;
  readonly tfjs?: string;
}

const PEERS = `
Peers take part when they are named, each work in a process of its own, ours and theirs in turn:
  --python PATH   PyTorch and transformers: needs torch, transformers
  --llama FOLDER  llama.cpp by node-llama-cpp: mkdir llama && cd llama && npm install node-llama-cpp
  --llmc FOLDER   llm.c's train_gpt2.c: git clone https://github.com/karpathy/llm.c
  --tfjs FOLDER   TensorFlow.js in WebAssembly, on one thread in Node:
                  mkdir tfjs && cd tfjs && npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm

  npm run bench -- --python ~/torch/bin/python --only train --rounds 3`;

const ONLY = new Option('--only <pattern>', 'works whose names match this regular expression')
  .argParser(pattern)
  .default(/./, 'all');

/** Reads the flags; with wrong ones the process ends with one line that says so. */
export function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench --')
    .description('Measures GPT-2 124M with random weights, beside others where they are named.')
    .addOption(ONLY)
    .option('--rounds <n>', 'times each work is done by each, in turn', count, 3)
    .option('--threads <n>', 'threads of every process', count, processorCount())
    .option('--texts <file>', 'documents to tokenise: .jsonl, .jsonl.gz, plain text; tokenise is left out without')
    .option('--json [file]', 'JSON into a file, or instead of the table')
    .option('--python <path>', 'a Python with PyTorch and transformers')
    .option('--llama <folder>', 'a folder in which node-llama-cpp is installed', holding('node_modules/node-llama-cpp'))
    .option('--llmc <folder>', 'a checkout of llm.c', holding('train_gpt2.c'))
    .option(
      '--tfjs <folder>',
      'a folder in which @tensorflow/tfjs-backend-wasm is installed',
      holding('node_modules/@tensorflow/tfjs-backend-wasm'),
    )
    .addHelpText('after', PEERS)
    .parse([...args], { from: 'user' });
  return command.opts<Options>();
}

function pattern(value: string): RegExp {
  try {
    return new RegExp(value, 'i');
  } catch {
    throw new InvalidArgumentError('expected a regular expression.');
  }
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected a whole number from 1.');
  return number;
}

function holding(wanted: string): (folder: string) => string {
  return (folder) => {
    if (existsSync(join(folder, wanted))) return folder;
    throw new InvalidArgumentError(`expected a folder with ${wanted} in it.`);
  };
}
