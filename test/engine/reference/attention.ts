/** @file Causal softmax attention, with the T×T matrix. A row of qkv is q of all heads, then k, then v; head h at h·D. */

export interface AttentionShape {
  readonly B: number;
  readonly T: number;
  readonly H: number;
  readonly D: number;
}

/** Index of element 0 of q, k or v (part 0, 1, 2) of head h at row (b, t). */
const at = ({ T, H, D }: AttentionShape, b: number, t: number, part: number, h: number): number =>
  (b * T + t) * 3 * H * D + part * H * D + h * D;

/** Weights of keys 0 … t for the query at t. */
function weights(qkv: Float64Array, shape: AttentionShape, b: number, h: number, t: number): Float64Array {
  const { D } = shape;
  const q = at(shape, b, t, 0, h);
  const scores = Float64Array.from({ length: t + 1 }, (_, s) => {
    const k = at(shape, b, s, 1, h);
    let score = 0;
    for (let d = 0; d < D; d++) score += qkv[q + d]! * qkv[k + d]!;
    return score / Math.sqrt(D);
  });
  const highest = scores.reduce((a, c) => Math.max(a, c));
  const powers = scores.map((score) => Math.exp(score - highest));
  const total = powers.reduce((a, c) => a + c);
  return powers.map((power) => power / total);
}

function forEachQuery({ B, T, H }: AttentionShape, visit: (b: number, h: number, t: number) => void): void {
  for (let b = 0; b < B; b++) for (let h = 0; h < H; h++) for (let t = 0; t < T; t++) visit(b, h, t);
}

export function attention(qkv: Float64Array, shape: AttentionShape): Float64Array {
  const { T, H, D } = shape;
  const out = new Float64Array(qkv.length / 3);
  forEachQuery(shape, (b, h, t) => {
    const o = ((b * T + t) * H + h) * D;
    weights(qkv, shape, b, h, t).forEach((weight, s) => {
      const v = at(shape, b, s, 2, h);
      for (let d = 0; d < D; d++) out[o + d]! += weight * qkv[v + d]!;
    });
  });
  return out;
}

/** Gradient of qkv. With p the weights and dp = dout·v: dscore = p·(dp − Σ p·dp). */
export function attentionBackward(qkv: Float64Array, dout: Float64Array, shape: AttentionShape): Float64Array {
  const { T, H, D } = shape;
  const dqkv = new Float64Array(qkv.length);
  forEachQuery(shape, (b, h, t) => {
    const o = ((b * T + t) * H + h) * D;
    const q = at(shape, b, t, 0, h);
    const p = weights(qkv, shape, b, h, t);
    const dp = p.map((weight, s) => {
      const v = at(shape, b, s, 2, h);
      let product = 0;
      for (let d = 0; d < D; d++) {
        product += dout[o + d]! * qkv[v + d]!;
        dqkv[v + d]! += weight * dout[o + d]!;
      }
      return product;
    });
    const average = dp.reduce((sum, value, s) => sum + p[s]! * value, 0);
    p.forEach((weight, s) => {
      const k = at(shape, b, s, 1, h);
      const dscore = (weight * (dp[s]! - average)) / Math.sqrt(D);
      for (let d = 0; d < D; d++) {
        dqkv[q + d]! += dscore * qkv[k + d]!;
        dqkv[k + d]! += dscore * qkv[q + d]!;
      }
    });
  });
  return dqkv;
}
