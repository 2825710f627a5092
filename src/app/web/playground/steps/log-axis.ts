/** @file A logarithmic axis of steps that has a place for step 0: a place is log(1 + step), from 0 to 1. */

export function stepPlace(step: number, last: number): number {
  return last <= 0 ? 0 : Math.log1p(step) / Math.log1p(last);
}

/** Step 0, powers of ten, and the last step unless a power stands close to it. */
export function stepTicks(last: number): number[] {
  const ticks = [0];
  for (let step = 1; step < last; step *= 10) ticks.push(step);
  const kept = ticks.filter((step) => step === 0 || stepPlace(last, last) - stepPlace(step, last) > 0.09);
  return last > 0 ? [...kept, last] : kept;
}

/** The index of the value whose place is nearest. */
export function nearestPlace(place: number, places: readonly number[]): number {
  let nearest = 0;
  for (const [index, other] of places.entries())
    if (Math.abs(other - place) < Math.abs((places[nearest] ?? 0) - place)) nearest = index;
  return nearest;
}
