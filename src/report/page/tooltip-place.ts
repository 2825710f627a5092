/** @file Where a tooltip stands: beside the pointer, in the chart where it fits there, and never outside the window. */

type Size = readonly [width: number, height: number];

/** Pixels between the pointer and the tooltip, and between the tooltip and the window's edge. */
const DISTANCE = 16;
const EDGE = 4;

/**
 * The place of its top left corner in the chart.
 * @param pointer in the chart @param chart its size @param above, below pixels of the window above and below the chart
 */
export function tooltipPlace(
  [x, y]: readonly [number, number],
  [width, height]: Size,
  chart: Size,
  { above, below }: { readonly above: number; readonly below: number },
): [number, number] {
  const right = x + DISTANCE;
  const left = right + width <= chart[0] ? right : x - DISTANCE - width;
  const fits = height <= chart[1];
  const [first, last] = fits ? [0, chart[1]] : [EDGE - above, chart[1] + below - EDGE];
  return [
    Math.max(0, Math.min(left, chart[0] - width)),
    Math.max(first, Math.min((fits ? y : chart[1] / 2) - height / 2, last - height)),
  ];
}
