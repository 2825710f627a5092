/** @file The legend of a chart: the name of each curve and its value under the cursor. */

import type { AlignedData } from 'uplot';
import type { Reference } from '../../../../report/series/references.ts';
import { type Curve, type DrawnColumn, lastValue, valueAt } from './chart-data.ts';

export interface LegendProps {
  readonly curves: readonly Curve[];
  readonly data: AlignedData;
  /** The index of the place under the cursor; without one the legend shows the last values. */
  readonly cursor: number | undefined;
  readonly references: readonly Reference[];
  readonly format: (value: number) => string;
}

export function Legend({ curves, data, cursor, references, format }: LegendProps) {
  return (
    <ul class="legend">
      {legendEntries(curves, data, cursor, format).map(({ curve, values }, index) => (
        <li key={index}>
          <Swatch {...curve} />
          <span class="name">{curve.label}</span> <b>{values}</b>
        </li>
      ))}
      {references.map(({ name, value }) => (
        <li key={name}>
          <span class="swatch dotted" />
          {name} <b>{format(value)}</b>
        </li>
      ))}
    </ul>
  );
}

/** A piece of a curve's line. */
export function Swatch({ colour, isDashed }: Pick<Curve, 'colour' | 'isDashed'>) {
  return <span class={`swatch ${isDashed ? 'dashed' : ''}`} style={{ color: `var(${colour})` }} />;
}

export interface LegendEntry {
  readonly curve: Curve;
  readonly values: string;
}

/** One entry per curve, or per group of curves that share one. */
export function legendEntries(
  curves: readonly Curve[],
  data: AlignedData,
  cursor: number | undefined,
  format: (value: number) => string,
): LegendEntry[] {
  const entries: LegendEntry[] = [];
  for (const [index, curve] of curves.entries()) {
    if (curve.isFaint) continue;
    const column = data[index + 1] as DrawnColumn;
    const value = cursor === undefined ? lastValue(column) : valueAt(column, cursor);
    const values = value === undefined ? '–' : format(value);
    const before = curve.sharesLegendEntry ? entries.pop() : undefined;
    entries.push(before ? { curve: before.curve, values: `${before.values} · ${values}` } : { curve, values });
  }
  return entries;
}
