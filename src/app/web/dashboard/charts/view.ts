/** @file What the charts show of the runs, as a link: axes and smoothing in the fragment of the page's address. */

import { UNITS, type Unit } from './axis.ts';

export interface View {
  readonly unit: Unit;
  /** Of the loss. */
  readonly isLogarithmic: boolean;
  /** The weight of what came before, from 0 to below 1. */
  readonly smoothing: number;
}

export const FIRST_VIEW: View = { unit: 'steps', isLogarithmic: false, smoothing: 0.9 };
export const MAX_SMOOTHING = 0.99;

/** `#x=time&loss=log&smoothing=0.5`: what is not as at first; empty where everything is. */
export function toFragment({ unit, isLogarithmic, smoothing }: View): string {
  const fields = new URLSearchParams();
  if (unit !== FIRST_VIEW.unit) fields.set('x', unit);
  if (isLogarithmic) fields.set('loss', 'log');
  if (smoothing !== FIRST_VIEW.smoothing) fields.set('smoothing', `${smoothing}`);
  return fields.size === 0 ? '' : `#${fields}`;
}

/** What a fragment says; whatever it does not say, or not sensibly, is as at first. */
export function fromFragment(fragment: string): View {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const smoothing = Number.parseFloat(fields.get('smoothing') ?? '');
  return {
    unit: UNITS.find((unit) => unit === fields.get('x')) ?? FIRST_VIEW.unit,
    isLogarithmic: fields.get('loss') === 'log',
    smoothing: smoothing >= 0 && smoothing <= MAX_SMOOTHING ? smoothing : FIRST_VIEW.smoothing,
  };
}
