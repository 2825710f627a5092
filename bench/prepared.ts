/**
 * @file What works need before they are measured: one set of random weights, as each program wants them. Made when first asked
 * for, in a folder that lasts as long as the run.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binHeader } from '#minillm/data/shards/shard-format.js';
import type { Precision } from '#minillm/engine/tensor.js';
import { ggufFile } from '#minillm/formats/gguf/gguf-file.js';
import { openGpt2Folder, writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import type { NamedWeights } from '#minillm/formats/gpt2-weights.js';
import { llmcModelFile } from '#minillm/formats/llmc/model-file.js';
import type { ModelFile } from '#minillm/formats/model-file.js';
import { findCompiler } from '#minillm/native/compiler.js';
import { writeFileAtomic } from '#minillm/support/files.js';
import { CONFIG, initialValues, randomTokens } from './model.ts';
import type { Options } from './options.ts';
import { fromBench } from './places.ts';

const run = promisify(execFile);

/** Tokens of each file that llm.c opens: more than the steps that are measured read. */
const SHARD_TOKENS = 32_768;

export class Prepared {
  readonly #options: Options;
  readonly #made = new Map<string, Promise<string>>();
  #folder: Promise<string> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** A Hugging Face folder of weights. */
  checkpoint(): Promise<string> {
    return this.#once('checkpoint', writeRandomCheckpoint);
  }

  /** The same weights for llama.cpp. */
  gguf(precision: Precision): Promise<string> {
    const type = precision === 'bf16' ? 'bf16' : 'f32';
    return this.#once(`${type}.gguf`, (path) =>
      this.#export(path, (model) => ggufFile(model, { type, name: 'gpt2-124m' })),
    );
  }

  /** A folder with llm.c's program, compiled here, and the files it opens: weights, tokens. */
  llmC(): Promise<string> {
    return this.#once('llm.c', async (path) => {
      const shards = join(path, 'dev/data/tinyshakespeare');
      await mkdir(shards, { recursive: true });
      await this.#export(join(path, 'gpt2_124M.bin'), (model) => llmcModelFile(model, 'f32'));
      for (const part of ['train', 'val']) await writeRandomShard(join(shards, `tiny_shakespeare_${part}.bin`));
      const { command, args } = await findCompiler();
      const { llmc = '' } = this.#options;
      const sources = [join(llmc, 'train_gpt2.c'), fromBench('peers/line_buffered.c')];
      const flags = ['-Ofast', '-march=native', '-fopenmp', '-DOMP', '-w', '-I', llmc];
      await run(command, [...args, ...flags, ...sources, '-o', join(path, 'train_gpt2'), '-lm']);
    });
  }

  async remove(): Promise<void> {
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }

  #once(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const made = this.#made.get(name) ?? this.#make(name, make);
    this.#made.set(name, made);
    return made;
  }

  async #make(name: string, make: (path: string) => Promise<void>): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'minillm-bench-'));
    const path = join(await this.#folder, name);
    await make(path);
    return path;
  }

  async #export(path: string, makeFile: (model: NamedWeights) => ModelFile): Promise<void> {
    const model = await openGpt2Folder(await this.checkpoint());
    try {
      await writeFileAtomic(path, makeFile(model).pieces());
    } finally {
      await model.close();
    }
  }
}

async function writeRandomShard(path: string): Promise<void> {
  const tokens = Uint16Array.from(randomTokens(SHARD_TOKENS));
  await writeFile(path, Buffer.concat([binHeader(SHARD_TOKENS), Buffer.from(tokens.buffer)]));
}

async function writeRandomCheckpoint(path: string): Promise<void> {
  const shapes = new Map(gpt2Parameters(CONFIG).map(({ name, shape }) => [name, shape]));
  let current: { readonly name: string; readonly values: Float32Array } = { name: '', values: new Float32Array() };
  await writeGpt2Folder(path, CONFIG, (name, start, target) => {
    if (current.name !== name) current = { name, values: initialValues(name, shapes.get(name) ?? []) };
    target.set(current.values.subarray(start, start + target.length));
  });
}
