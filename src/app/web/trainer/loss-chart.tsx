/** @file The chart of the training and the validation loss, from the first step on. */

import { useMemo, useState } from 'preact/hooks';
import { horizontalAxis } from '../dashboard/charts/axis.ts';
import { Chart, type Zoom } from '../dashboard/charts/chart.tsx';
import { lossCurves } from '../dashboard/charts/curves.ts';
import { numberTick } from '../dashboard/charts/tick-labels.ts';
import type { RunState } from '../dashboard/run-state.ts';

const HEIGHT = 300;
const SMOOTHING = 0.8;

export function LossChart({ run }: { readonly run: RunState }) {
  const [zoom, setZoom] = useState<Zoom>();
  const axis = useMemo(() => horizontalAxis('steps', [run]), [run]);
  const curves = useMemo(() => lossCurves([run], axis, SMOOTHING), [run, axis]);
  return (
    <Chart
      title="Loss"
      width="whole"
      height={HEIGHT}
      format={(value) => value.toFixed(3)}
      tick={numberTick}
      onZoom={setZoom}
      {...{ curves, axis, zoom }}
    />
  );
}
