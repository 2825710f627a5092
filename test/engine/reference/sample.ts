/** @file Sampling a token from a row of logits, written plainly: adjust, sort, keep, draw. */

export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly adjustments: ReadonlyMap<number, number>;
}

/** The weight of each token, not divided by their sum; 0 for those that may not be sampled. */
export function weights(logits: Float32Array, { temperature, topK, topP, minP, adjustments }: Sampling): Float64Array {
  const adjusted = logits.slice();
  for (const [id, adjustment] of adjustments) if (id < adjusted.length) adjusted[id]! += Math.fround(adjustment);
  const order = [...adjusted.keys()].sort((a, b) => adjusted[b]! - adjusted[a]! || a - b);
  const greatest = adjusted[order[0]!]!;
  if (temperature === 0) return Float64Array.from(adjusted, (_, id) => (id === order[0] ? 1 : 0));
  const least = topK > 0 ? adjusted[order[Math.min(topK, order.length) - 1]!]! : Number.NEGATIVE_INFINITY;
  const all = Float64Array.from(adjusted, (logit) => (logit >= least ? Math.exp((logit - greatest) / temperature) : 0));
  if (topP < 1) {
    const enough = topP * all.reduce((sum, weight) => sum + weight, 0);
    let mass = 0;
    for (const id of order) {
      const weight = all[id]!;
      if (mass >= enough) all[id] = 0;
      mass += weight;
    }
  }
  return all.map((weight) => (weight < minP ? 0 : weight));
}

/** The id at which the running sum of the weights, in the order of ids, passes `uniform` of their whole sum. */
export function draw(weights: Float64Array, uniform: number): number {
  const target = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.findIndex((weight) => {
    sum += weight;
    return sum > target;
  });
}

export function logSoftmax(logits: Float32Array): Float64Array {
  const greatest = logits.reduce((most, logit) => Math.max(most, logit));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - greatest), 0);
  return Float64Array.from(logits, (logit) => logit - greatest - Math.log(total));
}
