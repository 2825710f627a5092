/** @file A small GPT-2 in training, traced stage by stage, for suites about the engine. */

import { Graph } from '#minillm/engine/graph.js';
import { sumLosses } from '#minillm/engine/ops/sum-losses.js';
import { gradients } from '#minillm/engine/passes/autodiff.js';
import type { Session } from '#minillm/engine/runtime/session.js';
import type { Gpt2Config } from '#minillm/formats/gpt2-config.js';
import { gpt2Losses } from '#minillm/model/gpt2.js';
import { fillNormal } from '#minillm/support/random.js';
import { adamwOptimizer } from '#minillm/train/optimizers/adamw.js';
import type { UpdateSettings } from '#minillm/train/programs.js';
import type { Precision } from './devices.ts';
import type { Extents } from './op-harness.ts';
import { integers } from './values.ts';

export const SMALL: Gpt2Config = {
  layers: 3,
  heads: 2,
  channels: 32,
  contextLength: 16,
  vocabularySize: 77,
  layerNormEpsilon: 1e-5,
};

/** Three blocks of 3.1 M weights: more than one bucket of decayed gradients. */
export const SEVERAL_BUCKETS: Gpt2Config = { ...SMALL, channels: 512, heads: 8 };

export const UPDATE: UpdateSettings = { optimizer: adamwOptimizer({ weightDecay: 0.1 }), gradientClip: 1 };

/** The differentiated network, before the stages that rewrite it: inputs tokens, targets, scale; result losses. */
export function traceTraining(config: Gpt2Config, extents: Extents, precision: Precision): Graph {
  const graph = new Graph(extents, precision);
  const losses = gradients(gpt2Losses(graph, config), graph.input('scale', [], 'float32'));
  sumLosses(losses, graph.statistic('loss'));
  graph.result('losses', losses);
  return graph;
}

/** Random parameters: LayerNorm weights and all others far from 0 and 1, so that no gradient vanishes. */
export async function writeParameters<Name extends string>(session: Session<Name>): Promise<void> {
  for (const { name, count, shape } of session.layout.places.values()) {
    const std = shape.length > 1 ? 1 / Math.sqrt(shape[0] ?? 1) : 0.5;
    const values = new Float32Array(count);
    fillNormal(values, std, 1, name);
    await session.write('parameters', name, values);
  }
}

/** A micro-batch, the gradient of each loss 1 over its tokens. */
export function microBatch({ vocabularySize }: Gpt2Config, { batch, length }: Extents, name = 'batch') {
  const count = batch * length;
  return {
    tokens: new Int32Array(integers(count, 0, vocabularySize, `${name} tokens`)),
    targets: new Int32Array(integers(count, 0, vocabularySize, `${name} targets`)),
    scale: 1 / count,
  };
}

/** The gradient of every parameter, by name. */
export async function readGradients<Name extends string>(session: Session<Name>): Promise<Map<string, Float64Array>> {
  const gradients = new Map<string, Float64Array>();
  for (const { name, count } of session.layout.places.values()) {
    const values = new Float32Array(count);
    await session.read('gradients', name, values);
    gradients.set(name, new Float64Array(values));
  }
  return gradients;
}
