/** @file Fingers on a chart: two zoom and move it, as on a map; one moves the cursor sideways, or scrolls the page. */

import type uPlot from 'uplot';

type Range = readonly [from: number, to: number];

/** Two fingers as they took hold of a chart. */
export interface Grip {
  /** What was shown then. */
  readonly range: Range;
  /** Where the fingers were, in pixels from the left. */
  readonly pixels: Range;
}

/** The least distance of two fingers, in pixels: of a closer pair a trembling would zoom. */
const MIN_DISTANCE = 16;

/**
 * The range that leaves what was under the fingers under them, within the whole range; undefined for all of it.
 * @param pixels where the fingers are now @param width of the plot in pixels
 */
export function pinchedRange({ range, pixels: held }: Grip, pixels: Range, width: number, whole: Range) {
  const distance = ([a, b]: Range): number => Math.max(MIN_DISTANCE, Math.abs(b - a));
  const middle = ([a, b]: Range): number => (a + b) / 2 / width;
  const [from, to] = range;
  const [first, last] = whole;
  const span = ((to - from) * distance(held)) / distance(pixels);
  if (span >= last - first) return undefined;
  const value = from + middle(held) * (to - from);
  const start = Math.min(last - span, Math.max(first, value - middle(pixels) * span));
  return [start, start + span] as const;
}

/**
 * Lets fingers zoom a chart.
 * @param zoom called with what they zoom to; undefined for all
 */
export function followFingers(plot: uPlot, zoom: (range: Range | undefined) => void): void {
  const { over } = plot;
  /** Where each finger is, in pixels from the left. */
  const fingers = new Map<number, number>();
  let grip: Grip | undefined;
  const pair = (): Range | undefined => {
    const [one, two] = fingers.values();
    return one === undefined || two === undefined ? undefined : [one, two];
  };
  const takeHold = (): void => {
    const pixels = pair();
    const { min = 0, max = 0 } = plot.scales.x ?? {};
    grip = pixels && { range: [min, max], pixels };
  };
  const place = (event: PointerEvent): number => {
    const pixel = event.clientX - over.getBoundingClientRect().left;
    fingers.set(event.pointerId, pixel);
    return pixel;
  };
  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    place(event);
    takeHold();
  });
  over.addEventListener('pointermove', (event) => {
    if (!fingers.has(event.pointerId)) return;
    const left = place(event);
    const pixels = pair();
    const [places] = plot.data;
    if (grip && pixels) zoom(pinchedRange(grip, pixels, over.clientWidth, [places[0] ?? 0, places.at(-1) ?? 0]));
    else plot.setCursor({ left, top: over.clientHeight / 2 });
  });
  for (const type of ['pointerup', 'pointercancel'] as const)
    over.addEventListener(type, (event) => {
      if (fingers.delete(event.pointerId)) takeHold();
    });
}
