/** @file The samples of text from each step. */

import { useId, useState } from 'preact/hooks';
import { formatCount } from '../../../support/format.ts';
import type { SampleColumns } from '../../dashboard-stream.ts';

export function Samples({ samples }: { readonly samples: SampleColumns }) {
  const steps = [...new Set(samples.step)];
  // undefined: the newest
  const [chosen, setChosen] = useState<number>();
  const slider = useId();
  const newest = steps.length - 1;
  const place = Math.min(chosen ?? newest, newest);
  const step = steps[place];
  if (step === undefined) return null;
  return (
    <section class="card samples" aria-labelledby={`${slider}-title`}>
      <header>
        <h2 id={`${slider}-title`}>Samples</h2>
        {steps.length > 1 && (
          <label for={slider}>
            <input
              id={slider}
              type="range"
              min="0"
              max={newest}
              value={place}
              aria-label="Samples after"
              aria-valuetext={`step ${step}`}
              onInput={(event) => {
                const value = Number(event.currentTarget.value);
                setChosen(value === newest ? undefined : value);
              }}
            />
          </label>
        )}
        <output for={slider}>after {formatCount(step)} steps</output>
      </header>
      <ul>
        {samples.text
          .filter((_, index) => samples.step[index] === step)
          .map((text, index) => (
            <li key={`${step}-${index}`}>{text}</li>
          ))}
      </ul>
    </section>
  );
}
