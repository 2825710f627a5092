/** @file The settings that are folded away at first. */

import { useId } from 'preact/hooks';
import { BOUNDS, type Settings } from './settings.ts';

interface Field {
  readonly key: Exclude<keyof Settings, 'seed'>;
  readonly title: string;
  readonly show: (value: number) => string;
}

const FIELDS: readonly Field[] = [
  { key: 'length', title: 'Length', show: (value) => `${value} tokens` },
  { key: 'temperature', title: 'Temperature', show: (value) => (value === 0 ? '0, always the likeliest' : `${value}`) },
  { key: 'topK', title: 'Top-k', show: (value) => (value === 0 ? 'all tokens' : `${value} likeliest`) },
  { key: 'topP', title: 'Top-p', show: (value) => (value === 1 ? 'all tokens' : `${Math.round(100 * value)} %`) },
  { key: 'samples', title: 'Samples', show: (value) => `${value} of each model` },
];

/** Ranges beyond this are of no use in a slider. */
const MOST_TOP_K = 200;

interface SettingsFieldsProps {
  readonly settings: Settings;
  readonly maxLength: number;
  readonly onChange: (settings: Settings) => void;
}

export function SettingsFields({ settings, maxLength, onChange }: SettingsFieldsProps) {
  const id = useId();
  const most: Partial<Record<keyof Settings, number>> = { length: maxLength, topK: MOST_TOP_K };
  return (
    <div class="settings">
      {FIELDS.map(({ key, title, show }) => (
        <div key={key}>
          <label for={`${id}-${key}`}>{title}</label>
          <output for={`${id}-${key}`}>{show(settings[key])}</output>
          <input
            id={`${id}-${key}`}
            type="range"
            min={BOUNDS[key].min}
            max={most[key] ?? BOUNDS[key].max}
            step={BOUNDS[key].step}
            value={settings[key]}
            aria-valuetext={show(settings[key])}
            onInput={(event) => onChange({ ...settings, [key]: event.currentTarget.valueAsNumber })}
          />
        </div>
      ))}
    </div>
  );
}
