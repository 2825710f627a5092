/** @file All charts of the page, which share their horizontal axis and its zoom. */

import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { formatExponential } from '../../../../report/figure/number-format.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES } from '../../../../report/series/references.ts';
import type { RunState } from '../run-state.ts';
import { horizontalAxis, knowsTokens } from './axis.ts';
import { Chart, type Zoom } from './chart.tsx';
import { Controls } from './controls.tsx';
import { evaluationCurves, lossCurves, stepsPerPoint, trainCurves } from './curves.ts';
import { numberTick, percentTick } from './tick-labels.ts';
import { useView } from './use-view.ts';

const TALL = 340;
const LOW = 200;

const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

const fourDecimals = (value: number): string => value.toFixed(4);
const compact = (value: number): string => COMPACT.format(value);
const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
const short = (value: number): string => String(Number(value.toPrecision(3)));
const exponential = (value: number): string => value.toExponential(3);

export function Charts({ runs }: { readonly runs: readonly RunState[] }) {
  const [view, change] = useView();
  const [zoom, setZoom] = useState<Zoom>();
  const hasTokens = knowsTokens(runs);
  const unit = view.unit === 'tokens' && !hasTokens ? 'steps' : view.unit;
  const { smoothing, isLogarithmic } = view;
  const axis = useMemo(() => horizontalAxis(unit, runs), [unit, runs]);
  const curves = useMemo(
    () => ({
      loss: lossCurves(runs, axis, smoothing),
      hellaswag: evaluationCurves(runs, axis, 'accuracy', 'hellaswag').flat(),
      speed: trainCurves(runs, axis, 'tokens/s', 'tokensPerSecond', smoothing).flat(),
      mfu: trainCurves(runs, axis, 'MFU', 'mfu', smoothing).flat(),
      norm: trainCurves(runs, axis, 'norm', 'norm', smoothing).flat(),
      rate: trainCurves(runs, axis, 'rate', 'lr', 0).flat(),
    }),
    [runs, axis, smoothing],
  );
  // a stretch of steps is none of seconds
  useLayoutEffect(() => setZoom(undefined), [unit]);
  const common = { axis, zoom, onZoom: setZoom };
  const low = { ...common, height: LOW };
  const averaged = Math.max(...runs.map(({ history }) => stepsPerPoint(history.train)));
  return (
    <>
      <Controls {...{ ...common, view, hasTokens }} onChange={change} stepsPerPoint={averaged} />
      <div class="charts">
        <Chart
          {...common}
          title={curves.loss.some(({ isThin }) => isThin) ? 'Loss: training (thin) · validation' : 'Loss'}
          curves={curves.loss}
          format={fourDecimals}
          tick={numberTick}
          height={TALL}
          width={curves.hellaswag.length > 0 ? 'wide' : 'whole'}
          isLogarithmic={isLogarithmic}
          range="falling"
          references={LOSS_REFERENCES}
        />
        {curves.hellaswag.length > 0 && (
          <Chart
            {...common}
            title="HellaSwag"
            curves={curves.hellaswag}
            format={fourDecimals}
            tick={numberTick}
            height={TALL}
            width="narrow"
            references={HELLASWAG_REFERENCES}
          />
        )}
        <Chart {...low} title="Tokens per second" curves={curves.speed} format={compact} tick={numberTick} />
        <Chart {...low} title="Model FLOPs utilisation" curves={curves.mfu} format={percent} tick={percentTick} />
        <Chart {...low} title="Gradient norm" curves={curves.norm} format={short} tick={numberTick} range="falling" />
        <Chart {...low} title="Learning rate" curves={curves.rate} format={exponential} tick={formatExponential} />
      </div>
    </>
  );
}
