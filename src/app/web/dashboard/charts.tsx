/** @file All charts of the page and their controls: scale, smoothing, zoom. */

import { useId, useMemo, useState } from 'preact/hooks';
import { formatExponential } from '../../../report/figure/number-format.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES } from '../../../report/series/references.ts';
import { Chart, type Zoom } from './chart.tsx';
import { evaluationCurves, lossCurves, stepsPerPoint, trainCurves } from './curves.ts';
import type { RunState } from './run-state.ts';
import { numberTick, percentTick } from './tick-labels.ts';

const TALL = 340;
const LOW = 200;
const DEFAULT_SMOOTHING = 0.9;

const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

const fourDecimals = (value: number): string => value.toFixed(4);
const compact = (value: number): string => COMPACT.format(value);
const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
const short = (value: number): string => String(Number(value.toPrecision(3)));
const exponential = (value: number): string => value.toExponential(3);

export function Charts({ runs }: { readonly runs: readonly RunState[] }) {
  const [isLogarithmic, setIsLogarithmic] = useState(false);
  const [smoothing, setSmoothing] = useState(DEFAULT_SMOOTHING);
  const [zoom, setZoom] = useState<Zoom>();
  const scale = useId();
  const curves = useMemo(
    () => ({
      loss: lossCurves(runs, smoothing),
      hellaswag: evaluationCurves(runs, 'accuracy', 'hellaswag').flat(),
      speed: trainCurves(runs, 'tokens/s', 'tokensPerSecond', smoothing).flat(),
      mfu: trainCurves(runs, 'MFU', 'mfu', smoothing).flat(),
      norm: trainCurves(runs, 'norm', 'norm', smoothing).flat(),
      rate: trainCurves(runs, 'rate', 'lr', 0).flat(),
    }),
    [runs, smoothing],
  );
  const averaged = Math.max(...runs.map(({ history }) => stepsPerPoint(history.train)));
  const common = { zoom, onZoom: setZoom };
  const low = { ...common, height: LOW };
  return (
    <>
      <form class="controls" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="axis-choice">
          <legend>Loss axis</legend>
          {[false, true].map((value) => (
            <label key={String(value)}>
              <input
                type="radio"
                name={scale}
                checked={isLogarithmic === value}
                onChange={() => setIsLogarithmic(value)}
              />
              <span>{value ? 'Log' : 'Linear'}</span>
            </label>
          ))}
        </fieldset>
        <label class="smoothing">
          Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={smoothing}
            onInput={(event) => setSmoothing(Number(event.currentTarget.value))}
          />
          <output>{smoothing.toFixed(2)}</output>
        </label>
        <button type="button" disabled={zoom === undefined} onClick={() => setZoom(undefined)}>
          {zoom ? (
            `Steps ${Math.round(zoom[0])} to ${Math.round(zoom[1])}: show all`
          ) : (
            <>
              All steps <span class="of-pointer">(drag to zoom)</span>
            </>
          )}
        </button>
        {averaged > 1 && <span>Each point is the mean of {averaged} steps.</span>}
      </form>
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
