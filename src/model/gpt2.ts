/**
 * @file GPT-2 (Radford et al. 2019) as functions over symbolic tensors. Parameter names are Hugging Face's; linear weights
 * are stored [in, out]; the head is tied to the token table.
 */

import type { Graph } from '../engine/graph.ts';
import { add } from '../engine/ops/add.ts';
import { attention } from '../engine/ops/attention.ts';
import { cachedAttention } from '../engine/ops/cached-attention.ts';
import { crossEntropy } from '../engine/ops/cross-entropy.ts';
import { embedding } from '../engine/ops/embedding.ts';
import { layerNorm } from '../engine/ops/layer-norm.ts';
import { linear } from '../engine/ops/linear.ts';
import { type ChosenRows, type LogLikelihoods, logLikelihoods } from '../engine/ops/log-likelihoods.ts';
import { logits } from '../engine/ops/logits.ts';
import { packedWeight, packWeight } from '../engine/ops/pack-weight.ts';
import { packedLinear } from '../engine/ops/packed-linear.ts';
import { packedLogits } from '../engine/ops/packed-logits.ts';
import { type QuantisedWeight, quantisedWeight, quantiseWeight } from '../engine/ops/quantise-weight.ts';
import { quantisedCrossEntropy } from '../engine/ops/quantised-cross-entropy.ts';
import { quantisedLinear } from '../engine/ops/quantised-linear.ts';
import { quantisedLogLikelihoods } from '../engine/ops/quantised-log-likelihoods.ts';
import { quantisedLogits } from '../engine/ops/quantised-logits.ts';
import { SEGMENT_FIELDS, segmentAttention } from '../engine/ops/segment-attention.ts';
import { extent, type Tensor } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';

/** How a layer's new positions attend to the others: within their row, or through a key-value cache. */
type Attend = (qkv_BT3C: Tensor, layer: number) => Tensor;

/**
 * The type of the copies of the weights (`gpt2WeightCopies`) that products read instead of the weights themselves. bf16
 * pays off in programs of few rows, which do little but read weights; int8 is for programs of any size.
 */
export type WeightCopies = 'bf16' | 'int8';

/** The copies that programs of many rows read. */
export function copiesForManyRows(copies: WeightCopies | undefined): 'int8' | undefined {
  return copies === 'int8' ? copies : undefined;
}

interface Variation {
  readonly attend: Attend;
  /** Positions of the tokens; without them a row's are 0, 1, … */
  readonly positions_BT?: Tensor;
  readonly copies?: WeightCopies | undefined;
}

const TOKEN_TABLE = 'transformer.wte.weight';

/** The normalised last stream [B, T, C] of the input `tokens` (int32 [B, T]), and the token table that heads read. */
function transformer(graph: Graph, config: Gpt2Config, variation: Variation): { x_BTC: Tensor; tokens_VC: Tensor } {
  const { attend, positions_BT } = variation;
  const { parameter, norm, project } = layersByName(graph, config, variation);
  const tokens_BT = graph.input('tokens', [graph.batch, graph.length], 'int32');
  const tokens_VC = parameter('wte.weight');

  let x_BTC = embedding(tokens_BT, { tokens_VC, positions_PC: parameter('wpe.weight') }, positions_BT);
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `h.${layer}`;
    const attention = (x: Tensor): Tensor =>
      project(attend(project(x, `${block}.attn.c_attn`), layer), `${block}.attn.c_proj`);
    const mlp = (x: Tensor): Tensor => project(project(x, `${block}.mlp.c_fc`, { gelu: true }), `${block}.mlp.c_proj`);
    x_BTC = add(x_BTC, attention(norm(x_BTC, `${block}.ln_1`)));
    x_BTC = add(x_BTC, mlp(norm(x_BTC, `${block}.ln_2`)));
  }
  return { x_BTC: norm(x_BTC, 'ln_f'), tokens_VC };
}

/** The layers of a network by the names of their parameters. */
function layersByName(graph: Graph, config: Gpt2Config, { copies }: Pick<Variation, 'copies'>) {
  const shapes = new Map(gpt2Parameters(config).map(({ name, shape }) => [name, shape]));
  const parameter = (name: string): Tensor =>
    graph.parameter(`transformer.${name}`, shapes.get(`transformer.${name}`) ?? []);
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, {
      weight: parameter(`${name}.weight`),
      bias: parameter(`${name}.bias`),
      epsilon: config.layerNormEpsilon,
    });
  const project = (x: Tensor, name: string, options?: { gelu: boolean }): Tensor => {
    const bias = parameter(`${name}.bias`);
    if (!copies) return linear(x, parameter(`${name}.weight`), bias, options);
    const [inputs, outputs] = [extent(x, -1), extent(bias, 0)];
    const weight = `transformer.${name}.weight`;
    if (copies === 'int8') return quantisedLinear(x, quantisedWeight(graph, weight, inputs, outputs), bias, options);
    return packedLinear(x, packedWeight(graph, weight, inputs, outputs), bias, options);
  };
  return { parameter, norm, project };
}

const quantisedTokens = (graph: Graph, { channels, vocabularySize }: Gpt2Config): QuantisedWeight =>
  quantisedWeight(graph, TOKEN_TABLE, channels, vocabularySize);

/**
 * Per-token losses [B, T] in nats of predicting the input `targets` from the input `tokens` (both int32 [B, T]; a target
 * of −1 counts as 0).
 */
export function gpt2Losses(graph: Graph, config: Gpt2Config, copies?: 'int8'): Tensor {
  const { x_BTC, tokens_VC } = transformer(graph, config, {
    attend: (qkv) => attention(qkv, { heads: config.heads }),
    copies,
  });
  const targets_BT = graph.input('targets', [graph.batch, graph.length], 'int32');
  if (copies === 'int8') return quantisedCrossEntropy(x_BTC, quantisedTokens(graph, config), targets_BT);
  return crossEntropy(x_BTC, tokens_VC, targets_BT);
}

/** Streams a key-value cache holds, and positions of each (at most the context length). */
export interface CacheSize {
  readonly slots: number;
  readonly positions: number;
}

/**
 * Logits [B, V] of the positions `rows` [B] (indices into the B·T active rows), reading and extending the key-value cache
 * of stream `slots[b]`, whose new tokens stand at `positions` [B, T]. One position a row is decoding, more are prefill.
 */
export function gpt2NextLogits(graph: Graph, config: Gpt2Config, cache: CacheSize, copies?: WeightCopies): Tensor {
  const { batch, length, activationType } = graph;
  const headSize = config.channels / config.heads;
  const positions_BT = graph.input('positions', [batch, length], 'int32');
  const slots_B = graph.input('slots', [batch], 'int32');
  const attend: Attend = (qkv_BT3C, layer) => {
    const shape = [cache.slots, 2, config.heads, cache.positions, headSize];
    return cachedAttention(qkv_BT3C, { positions_BT, slots_B }, graph.state(`cache.${layer}`, shape, activationType));
  };
  const { x_BTC, tokens_VC } = transformer(graph, config, { attend, positions_BT, copies });
  const rows_B = graph.input('rows', [batch], 'int32');
  if (!copies) return logits(x_BTC, tokens_VC, rows_B);
  if (copies === 'int8') return quantisedLogits(x_BTC, quantisedTokens(graph, config), rows_B);
  return packedLogits(x_BTC, packedWeight(graph, TOKEN_TABLE, config.channels, config.vocabularySize), rows_B);
}

/** Makes the copies of all weights that programs traced with `copies` read. */
export function gpt2WeightCopies(graph: Graph, config: Gpt2Config, copies: WeightCopies): void {
  const copy = copies === 'int8' ? quantiseWeight : packWeight;
  for (const { name, shape } of gpt2Parameters(config)) {
    const multiplied = shape.length === 2 && name !== 'transformer.wpe.weight';
    if (multiplied) copy(graph.parameter(name, shape), name, { transposed: name === TOKEN_TABLE });
  }
}

/** The most a scoring program takes in one run, and how many of the most likely tokens it gives for each row. */
export interface ScoringExtents {
  readonly segments: number;
  readonly rows: number;
  readonly top: number;
}

/**
 * Log-probabilities of the tokens `targets` that follow the positions `rows` (both int32 [R], of which `count` are used),
 * in a row of packed `segments` (int32 [S, 4], see `segmentAttention`) whose tokens stand at `positions` [B, T].
 */
export function gpt2LogLikelihoods(
  graph: Graph,
  config: Gpt2Config,
  extents: ScoringExtents,
  copies?: 'int8',
): LogLikelihoods {
  const positions_BT = graph.input('positions', [graph.batch, graph.length], 'int32');
  const segments_S4 = graph.input('segments', [extents.segments, SEGMENT_FIELDS], 'int32');
  const attend: Attend = (qkv) => segmentAttention(qkv, segments_S4, { heads: config.heads });
  const { x_BTC, tokens_VC } = transformer(graph, config, { attend, positions_BT, copies });
  const chosen: ChosenRows = {
    rows_R: graph.input('rows', [extents.rows], 'int32'),
    targets_R: graph.input('targets', [extents.rows], 'int32'),
    count: graph.input('count', [], 'int32'),
  };
  if (copies === 'int8') return quantisedLogLikelihoods(x_BTC, quantisedTokens(graph, config), chosen, extents.top);
  return logLikelihoods(x_BTC, tokens_VC, chosen, extents.top);
}
