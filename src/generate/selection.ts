/** @file Which tokens may be sampled: the k most likely (Fan et al. 2018), and the nucleus (Holtzman et al. 2020). */

/**
 * The k-th largest of `values`, 1 ≤ k ≤ their number, in one pass with a heap of the k largest so far, the smallest on
 * top.
 */
export function kthLargest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k);
  for (let root = (k >> 1) - 1; root >= 0; root--) siftDown(heap, root);
  let minimum = heap[0]!;
  for (let index = k; index < values.length; index++) {
    const value = values[index]!;
    if (value <= minimum) continue;
    heap[0] = value;
    siftDown(heap, 0);
    minimum = heap[0]!;
  }
  return minimum;
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
 * The nucleus of a distribution: the most likely members, as few as reach `share` (of equally likely ones, the first).
 * Members outside it get weight 0. Found by partitioning, as quickselect does, so nothing is sorted.
 * @param weights not negative; changed in place
 */
export function keepNucleus(weights: Float64Array, share: number): void {
  let total = 0;
  for (const weight of weights) total += weight;
  const { threshold, count } = nucleusThreshold(weights.slice(), share * total);
  let equal = count;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    const isKept = weight > threshold || (weight === threshold && equal-- > 0);
    if (!isKept) weights[index] = 0;
  }
}

/** The smallest of the largest weights that together reach `mass`, and how many weights of that value this takes. */
function nucleusThreshold(weights: Float64Array, mass: number): { threshold: number; count: number } {
  let missing = mass;
  // Undecided are [start, end): those before are in the nucleus, those after are not.
  for (let start = 0, end = weights.length; ; ) {
    const pivot = weights[(start + end) >> 1]!;
    let equal = start;
    let less = end;
    let above = 0;
    for (let at = start; at < less; ) {
      const weight = weights[at]!;
      if (weight > pivot) {
        weights[at++] = weights[equal]!;
        weights[equal++] = weight;
        above += weight;
      } else if (weight < pivot) {
        weights[at] = weights[--less]!;
        weights[less] = weight;
      } else at++;
    }
    if (above >= missing) end = equal;
    else if (above + (less - equal) * pivot >= missing || less === end) {
      return { threshold: pivot, count: Math.ceil((missing - above) / pivot) };
    } else {
      missing -= above + (less - equal) * pivot;
      start = less;
    }
  }
}
