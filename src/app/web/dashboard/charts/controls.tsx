/** @file The controls above the charts: their axes, smoothing, zoom. */

import { useId } from 'preact/hooks';
import { type Axis, UNITS, type Unit } from './axis.ts';
import type { Zoom } from './chart.tsx';
import { MAX_SMOOTHING, type View } from './view.ts';

const UNIT_NAMES: Readonly<Record<Unit, string>> = { steps: 'Steps', tokens: 'Tokens', time: 'Time' };

export interface ControlsProps {
  readonly view: View;
  readonly onChange: (part: Partial<View>) => void;
  readonly axis: Axis;
  /** Whether runs can be compared by tokens. */
  readonly hasTokens: boolean;
  readonly zoom: Zoom;
  readonly onZoom: (zoom: Zoom) => void;
  /** How many steps a point stands for. */
  readonly stepsPerPoint: number;
}

export function Controls({ view, onChange, axis, hasTokens, zoom, onZoom, stepsPerPoint }: ControlsProps) {
  return (
    <form class="controls" onSubmit={(event) => event.preventDefault()}>
      <Choice
        legend="X axis"
        options={UNITS.filter((unit) => hasTokens || unit !== 'tokens').map((unit) => [unit, UNIT_NAMES[unit]])}
        chosen={axis.unit}
        onChoose={(unit) => onChange({ unit })}
      />
      <Choice
        legend="Loss axis"
        options={[
          [false, 'Linear'],
          [true, 'Log'],
        ]}
        chosen={view.isLogarithmic}
        onChoose={(isLogarithmic) => onChange({ isLogarithmic })}
      />
      <label class="smoothing">
        Smoothing
        <input
          type="range"
          min="0"
          max={MAX_SMOOTHING}
          step="0.01"
          value={view.smoothing}
          onInput={(event) => onChange({ smoothing: Number(event.currentTarget.value) })}
        />
        <output>{view.smoothing.toFixed(2)}</output>
      </label>
      <button type="button" disabled={zoom === undefined} onClick={() => onZoom(undefined)}>
        {zoom ? (
          `${axis.describeRange(...zoom)}: show all`
        ) : (
          <>
            The whole run <span class="of-pointer">(drag to zoom)</span>
            <span class="of-finger">(two fingers zoom)</span>
          </>
        )}
      </button>
      <p role="status">
        {axis.unit === 'time' &&
          'Training time: that of the steps, without evaluations, checkpoints and pauses between processes. '}
        {stepsPerPoint > 1 && `Each point is the mean of ${stepsPerPoint} steps.`}
      </p>
    </form>
  );
}

interface ChoiceProps<Value> {
  readonly legend: string;
  readonly options: readonly (readonly [value: Value, name: string])[];
  readonly chosen: Value;
  readonly onChoose: (value: Value) => void;
}

function Choice<Value>({ legend, options, chosen, onChoose }: ChoiceProps<Value>) {
  const group = useId();
  return (
    <fieldset class="axis-choice">
      <legend>{legend}</legend>
      {options.map(([value, name]) => (
        <label key={name}>
          <input type="radio" name={group} checked={value === chosen} onChange={() => onChoose(value)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
