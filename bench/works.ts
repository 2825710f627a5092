/** @file What is measured: works in groups, and who does the same work beside us. Names can be picked with `--only`. */

import type { Precision } from '#minillm/engine/tensor.js';
import { INFERENCE_PRECISIONS, type InferencePrecision } from '#minillm/model/inference-precision.js';
import { CONFIG } from './model.ts';

/** The program a peer needs; works run without those that are not there. */
export type Tool = 'python' | 'llama' | 'llmc' | 'tfjs';

export interface Peer {
  readonly name: string;
  /** Undefined for ourselves otherwise: the work's own script with other flags. */
  readonly tool?: Tool;
  /** In peers/, without its ending. */
  readonly script: string;
  readonly flags: readonly string[];
}

export interface Work {
  readonly name: string;
  readonly script: string;
  readonly flags: readonly string[];
  readonly peers: readonly Peer[];
  /** The roof the work runs into, measured in turn with it: arithmetic or memory. */
  readonly bound?: 'flops' | 'bytes';
  /** What it works on: the prepared checkpoint, or the texts of `--texts`. */
  readonly opens?: 'checkpoint' | 'texts';
}

export interface Group {
  readonly title: string;
  readonly works: readonly Work[];
  /** Whether the table shows the memory of each process. */
  readonly showsMemory?: boolean;
}

const ROWS = 1024;
const PRECISIONS: readonly Precision[] = ['fp32', 'bf16'];

const flags = (values: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, `${value}`]);

const python = (name: string, script: string, ...more: string[]): Peer => ({
  name,
  tool: 'python',
  script,
  flags: more,
});
const eager = (script: string): Peer => python('eager', script);
const compiled = (script: string): Peer => python('compiled', script, '--compile');
const llamaCpp: Peer = { name: 'llama.cpp', tool: 'llama', script: 'llama-cpp', flags: [] };
const llmC: Peer = { name: 'llm.c', tool: 'llmc', script: 'llm-c', flags: [] };

const tfjs: Peer = { name: 'tfjs', tool: 'tfjs', script: 'tfjs', flags: [] };

const { channels, vocabularySize } = CONFIG;
/** The linear layers of a block and the head, columns in and out. */
const PRODUCTS = {
  c_attn: [channels, 3 * channels],
  c_proj: [channels, channels],
  c_fc: [channels, 4 * channels],
  'mlp c_proj': [4 * channels, channels],
  lm_head: [channels, vocabularySize],
} as const;

const gemm = (precision: Precision): Work[] =>
  Object.entries(PRODUCTS).map(([layer, [columnsIn, columnsOut]]) => ({
    name: `gemm ${layer} ${columnsIn}→${columnsOut} ${precision}`,
    script: 'gemm',
    flags: flags({ batch: 1, length: ROWS, columns: `${columnsIn},${columnsOut}`, precision, runs: 5 }),
    peers: [eager('gemm')],
    bound: 'flops',
  }));

const head = (precision: Precision): Work => ({
  name: `head with loss ${precision}`,
  script: 'head',
  flags: flags({ batch: 4, length: ROWS / 4, precision }),
  peers: [eager('head'), compiled('head')],
  bound: 'flops',
});

const trainingStep = (length: number, precision: Precision): Work => ({
  name: `train 4×${length} ${precision}`,
  script: 'train-step',
  flags: flags({ batch: 4, length, precision, runs: length > 256 ? 2 : 3 }),
  peers: [eager('train_step'), compiled('train_step'), ...(length === 64 && precision === 'fp32' ? [llmC] : [])],
  bound: 'flops',
});

const update: Work = {
  name: 'update fp32',
  script: 'update',
  flags: flags({ precision: 'fp32', runs: 3 }),
  peers: [eager('update')],
  bound: 'flops',
};

const forward = (precision: Precision): Work => ({
  name: `forward 4×1024 ${precision}`,
  script: 'forward',
  flags: flags({ batch: 4, length: 1024, precision, runs: 2 }),
  peers: [eager('forward'), compiled('forward')],
  bound: 'flops',
});

const generation = (streams: number, precision: InferencePrecision): Work => ({
  name: `generate ${streams} stream${streams > 1 ? 's' : ''} ${precision}`,
  script: 'generation',
  flags: flags({ batch: streams, length: 64, precision }),
  peers: precision === 'int8' ? [] : [eager('generation'), llamaCpp],
  bound: 'bytes',
});

const hellaswag = (precision: Precision): Work => ({
  name: `HellaSwag ${precision}`,
  script: 'hellaswag',
  flags: flags({ batch: 8, length: 1024, precision }),
  peers: [eager('hellaswag')],
});

const loading = (precision: Precision): Work => ({
  name: `load ${precision}`,
  script: 'loading',
  flags: flags({ length: 64, precision }),
  peers: [eager('loading')],
  opens: 'checkpoint',
});

const serving = (precision: Precision): Work => ({
  name: `serve ${precision}`,
  script: 'serving',
  flags: flags({ batch: 8, length: 128, precision }),
  peers: [],
  opens: 'checkpoint',
});

const CROWD_SECONDS = 60;

const crowd: Work = {
  name: 'serve a crowd of 200',
  script: 'crowd/work',
  flags: flags({ batch: 200, length: CROWD_SECONDS }),
  peers: [],
};

const tokenising: Work = {
  name: 'tokenise',
  script: 'tokenize',
  flags: [],
  peers: [python('tiktoken', 'tokenise')],
  opens: 'texts',
};

/** WebAssembly beside the native kernels that have no wider vectors either. */
const wasm = (
  name: string,
  script: string,
  values: Readonly<Record<string, string | number>>,
  ...more: Peer[]
): Work => ({
  name: `wasm ${name}`,
  script,
  flags: flags({ device: 'wasm', ...values }),
  peers: [{ name: 'portable', script, flags: flags({ device: 'portable' }) }, ...more],
});

const WASM_WORKS: readonly Work[] = [
  wasm('gemm 1024→1024', 'gemm', { batch: 1, length: ROWS, columns: '1024,1024', runs: 9 }, tfjs),
  wasm('train tiny 8×128', 'train-step', { preset: 'tiny', batch: 8, length: 128, runs: 9 }),
  wasm('train 124M 1×64', 'train-step', { batch: 1, length: 64 }),
  wasm('train 124M 4×64', 'train-step', { batch: 4, length: 64 }),
  ...[1, 8].map((streams) =>
    wasm(`generate tiny ${streams}`, 'generation', { preset: 'tiny', batch: streams, length: 64, runs: 9 }),
  ),
  ...INFERENCE_PRECISIONS.map((precision) =>
    wasm(`generate 124M 1 ${precision}`, 'generation', { batch: 1, length: 64, precision }),
  ),
];

export const GROUPS: readonly Group[] = [
  { title: 'The machine', works: [{ name: 'roofline', script: 'roofline', flags: [], peers: [] }] },
  {
    title: `Matrix products of GPT-2 124M, ${ROWS} rows`,
    works: PRECISIONS.flatMap((each) => [...gemm(each), head(each)]),
  },
  {
    title: 'A training step of GPT-2 124M: forward, backward, clip, AdamW',
    works: PRECISIONS.flatMap((precision) => [64, 256, 1024].map((length) => trainingStep(length, precision))),
    showsMemory: true,
  },
  { title: 'An update of GPT-2 124M: clip, AdamW or Muon', works: [update] },
  { title: 'Forward only, with losses', works: PRECISIONS.map(forward) },
  {
    title: 'Generation, 64 new tokens a stream',
    works: INFERENCE_PRECISIONS.flatMap((precision) => [1, 8].map((streams) => generation(streams, precision))),
  },
  { title: 'WebAssembly, beside the portable native kernels', works: WASM_WORKS, showsMemory: true },
  { title: 'Serving', works: PRECISIONS.map(serving) },
  { title: `Serving 200 clients for ${CROWD_SECONDS} s, an untrained tiny model`, works: [crowd], showsMemory: true },
  { title: 'HellaSwag, GPT-2 124M', works: PRECISIONS.map(hellaswag) },
  { title: 'Tokenising', works: [tokenising] },
  { title: 'Loading: from a checkpoint to the first token', works: PRECISIONS.map(loading) },
];

/**
 * The groups of works whose names match `only`; `x` stands for `×` too. Those that open texts are left out where there are none.
 */
export function chooseWorks(
  groups: readonly Group[],
  { only, texts }: { readonly only: RegExp; readonly texts?: string | undefined },
): Group[] {
  const chosen = ({ name, opens }: Work): boolean =>
    (only.test(name) || only.test(name.replace('×', 'x'))) && (opens !== 'texts' || texts !== undefined);
  return groups
    .map((group) => ({ ...group, works: group.works.filter(chosen) }))
    .filter(({ works }) => works.length > 0);
}
