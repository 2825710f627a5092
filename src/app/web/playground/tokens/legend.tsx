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
  probability: 'the probability the model gave the token it wrote',
  rank: 'the place of the token among the likeliest',
  entropy: 'how torn the model was among its likeliest tokens',
  difference: 'the probability here, compared with the other model’s',
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
      <p class="scale" title={MEANINGS[tint]}>
        <span class="visually-hidden">{`Colours show ${MEANINGS[tint]}:`}</span>
        {legendOf(tint, top).map(({ level, label }) => (
          <span key={level} class="swatch" data-level={level}>
            {label}
          </span>
        ))}
      </p>
    </div>
  );
}
