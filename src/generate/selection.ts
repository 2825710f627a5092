/** @file Which tokens may be sampled: the k likeliest (Fan et al. 2018), and the nucleus (Holtzman et al. 2020). */

/** The k-th largest of `values`, 1 ≤ k ≤ their number; one pass with a heap of the k largest so far, the smallest on top. */
export function kthLargest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k);
  for (let root = (k >> 1) - 1; root >= 0; root--) siftDown(heap, root);
  let least = heap[0]!;
  for (let index = k; index < values.length; index++) {
    const value = values[index]!;
    if (value <= least) continue;
    heap[0] = value;
    siftDown(heap, 0);
    least = heap[0]!;
  }
  return least;
}

function siftDown(heap: Float32Array, root: number): void {
  const value = heap[root]!;
  let hole = root;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}

/**
 * The nucleus of a distribution: the fewest of its likeliest members whose share reaches `share` (of equally likely ones,
 * the first). Members outside it get weight 0.
 * @param weights not negative; changed in place
 */
export function keepNucleus(weights: Float64Array, share: number): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // All members below this weight together do not make up what is left out, so they need not be sorted.
  const negligible = (total * (1 - share)) / weights.length;
  const sorted = weights.filter((weight) => weight > negligible).sort();

  let mass = 0;
  let least = sorted.length;
  while (least > 0 && mass < share * total) mass += sorted[--least]!;
  const threshold = sorted[least] ?? Number.POSITIVE_INFINITY;
  // Of those equal to the threshold, only as many as were counted.
  let equal = 0;
  for (let index = least; sorted[index] === threshold; index++) equal++;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    const isKept = weight > threshold || (weight === threshold && equal-- > 0);
    if (!isKept) weights[index] = 0;
  }
}
