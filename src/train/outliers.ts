/** @file How far a step's loss and gradient norm lie from those of the steps before it, in standard deviations. */

/** Steps that mean and deviation are taken over, and how many of them are needed. */
const WINDOW = 128;
const MIN_VALUES = 32;

/** The last finite values of one number. */
export class RecentValues {
  readonly values: number[];

  constructor(values: readonly number[] = []) {
    this.values = [...values];
  }

  /** (value − mean) / standard deviation of the window; undefined while too few values are known. */
  score(value: number): number | undefined {
    const statistics = this.#statistics();
    if (!statistics) return undefined;
    const { mean, deviation } = statistics;
    return deviation > 0 ? (value - mean) / deviation : 0;
  }

  /** The value that scores `score`; infinite while too few values are known. */
  limit(score: number): number {
    const statistics = this.#statistics();
    return statistics ? statistics.mean + score * statistics.deviation : Number.POSITIVE_INFINITY;
  }

  #statistics(): { mean: number; deviation: number } | undefined {
    const count = this.values.length;
    if (count < MIN_VALUES) return undefined;
    const mean = this.values.reduce((sum, each) => sum + each, 0) / count;
    const variance = this.values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / count;
    return { mean, deviation: Math.sqrt(variance) };
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.values.push(value);
    if (this.values.length > WINDOW) this.values.shift();
  }
}
