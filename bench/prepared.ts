/**
 * @file What works need before they are measured: one set of random weights, as each program wants them. Made when first asked
 * for, in a folder that lasts as long as the run.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { findCompiler } from '#minillm/native/compiler.js';
import { CONFIG, initialValues } from './model.ts';
import type { Options } from './options.ts';
import { fromBench } from './places.ts';

const run = promisify(execFile);

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
  gguf(precision: string): Promise<string> {
    return this.#once(`${precision}.gguf`, async (path) => {
      await this.#python('write_gguf.py', await this.checkpoint(), path, precision);
    });
  }

  /** A folder with llm.c's program, compiled here, and the files it opens: weights, tokens. */
  llmC(): Promise<string> {
    return this.#once('llm.c', async (path) => {
      await this.#python('write_llm_c.py', await this.checkpoint(), path);
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

  async #python(script: string, ...args: string[]): Promise<void> {
    const { python } = this.#options;
    if (!python) throw new Error(`${script} writes the weights for this peer and needs --python`);
    await run(python, [fromBench(`peers/${script}`), ...args]);
  }
}

async function writeRandomCheckpoint(path: string): Promise<void> {
  const shapes = new Map(gpt2Parameters(CONFIG).map(({ name, shape }) => [name, shape]));
  let current: { readonly name: string; readonly values: Float32Array } = { name: '', values: new Float32Array() };
  await writeGpt2Folder(path, CONFIG, (name, start, target) => {
    if (current.name !== name) current = { name, values: initialValues(name, shapes.get(name) ?? []) };
    target.set(current.values.subarray(start, start + target.length));
  });
}
