/** @file What tokens are coloured by, and what the colours mean. */

import { useId } from 'preact/hooks';
import { legendOf, TINTS, type Tint } from './tints.ts';

const NAMES: Readonly<Record<Tint, string>> = {
  probability: 'Probability',
  rank: 'Rank',
  entropy: 'Entropy',
  difference: 'Difference',
};

const MEANINGS: Readonly<Record<Tint, string>> = {
  probability: 'how likely the model held its token',
  rank: 'the place of the token among the likeliest',
  entropy: 'how torn the model was between the likeliest',
  difference: 'how likely here, beside the other model',
};

interface LegendProps {
  readonly tint: Tint;
  /** Likeliest tokens that the server tells. */
  readonly top: number;
  readonly hasOther: boolean;
  readonly onChange: (tint: Tint) => void;
}

export function Legend({ tint, top, hasOther, onChange }: LegendProps) {
  const group = useId();
  return (
    <div class="legend">
      <fieldset class="segments">
        <legend>Colour</legend>
        {TINTS.filter((name) => hasOther || name !== 'difference').map((name) => (
          <label key={name}>
            <input type="radio" name={group} checked={name === tint} onChange={() => onChange(name)} />
            <span>{NAMES[name]}</span>
          </label>
        ))}
      </fieldset>
      <p class="meaning">{MEANINGS[tint]}</p>
      <p class="scale">
        {legendOf(tint, top).map(({ level, label }) => (
          <span key={level} class="swatch" data-level={level}>
            {label}
          </span>
        ))}
      </p>
    </div>
  );
}
