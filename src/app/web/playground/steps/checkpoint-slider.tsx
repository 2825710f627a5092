/** @file Chooses a checkpoint on the loss curve, so that one sees the model learn. */

import { useId, useRef } from 'preact/hooks';
import { formatCount } from '../../../../support/format.ts';
import { useElementWidth } from '../../shared/use-page.ts';
import type { PageData } from '../page-data.ts';
import { checkpointAt, chosenModel, describeModel } from './checkpoints.ts';
import { curvePath, lossHeight, lossRange } from './curve.ts';
import { nearestPlace, stepPlace, stepTicks } from './log-axis.ts';

const HEIGHT = 72;
const RESOLUTION = 1000;

interface CheckpointSliderProps {
  readonly data: PageData;
  readonly step: number | undefined;
  /** Undefined for the newest. */
  readonly onChange: (step: number | undefined) => void;
}

export function CheckpointSlider({ data, step, onChange }: CheckpointSliderProps) {
  const { steps, curve } = data;
  const id = useId();
  const plot = useRef<HTMLDivElement>(null);
  const width = useElementWidth(plot);
  const last = steps.at(-1)?.step ?? 0;
  const places = steps.map((checkpoint) => stepPlace(checkpoint.step, last));
  const chosen = checkpointAt(data, step);
  const index = chosen ? steps.indexOf(chosen) : 0;
  const description = describeModel(data, chosenModel(data, step));
  const choose = (next: number): void => {
    const place = Math.min(steps.length - 1, Math.max(0, next));
    if (place !== index) onChange(place === steps.length - 1 ? undefined : steps[place]?.step);
  };
  const points = curve.filter((point) => point.step <= last);
  const marks = steps.flatMap(({ step: at, validationLoss }) =>
    validationLoss === null ? [] : [{ step: at, loss: validationLoss }],
  );
  const frame = { last, ...lossRange([...points, ...marks].map(({ loss }) => loss)), width, height: HEIGHT };
  const keys: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    Home: 0,
    End: steps.length - 1,
  };
  return (
    <section class="card steps" aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>Watch it learn</h2>
        <small>{description}</small>
      </header>
      <div ref={plot} class="curve">
        <svg width={width} height={HEIGHT} aria-hidden="true">
          <path d={curvePath(points, frame)} />
          {marks.map(({ step: at, loss }) => (
            <circle
              key={at}
              cx={width * stepPlace(at, last)}
              cy={lossHeight(loss, frame)}
              r={at === chosen?.step ? 6 : 3}
              class={at === chosen?.step ? 'chosen' : ''}
            />
          ))}
          <line x1={width * (places[index] ?? 0)} x2={width * (places[index] ?? 0)} y1="0" y2={HEIGHT} />
        </svg>
      </div>
      <input
        type="range"
        aria-label="Checkpoint"
        min="0"
        max={RESOLUTION}
        value={RESOLUTION * (places[index] ?? 0)}
        aria-valuetext={description}
        onInput={(event) => {
          const next = nearestPlace(event.currentTarget.valueAsNumber / RESOLUTION, places);
          event.currentTarget.valueAsNumber = RESOLUTION * (places[next] ?? 0);
          choose(next);
        }}
        onKeyDown={(event) => {
          const next = keys[event.key];
          if (next === undefined) return;
          event.preventDefault();
          choose(next);
        }}
      />
      <div class="ticks" aria-hidden="true">
        {stepTicks(last).map((tick) => (
          <span key={tick} style={{ left: `${100 * stepPlace(tick, last)}%` }}>
            {formatCount(tick)}
          </span>
        ))}
      </div>
    </section>
  );
}
