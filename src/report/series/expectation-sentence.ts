/** @file A verdict on a run beside its expected curve, as a sentence. */

import { formatCount } from '../../support/format.ts';
import { formatMeasured } from '../figure/number-format.ts';
import type { Verdict } from './expectation.ts';

const NAMES: Readonly<Record<Verdict['quantity'], string>> = {
  validationLoss: 'validation loss',
  hellaswag: 'HellaSwag',
  loss: 'training loss',
};

/** `validation loss at step 1,000 is 4.3012, expected 4.1475 ± 0.0734: above the band, which it first left at step 750`. */
export function verdictSentence({ quantity, latest, side, excursions }: Verdict): string {
  const { step, value, expected, band } = latest;
  const found = Number.isNaN(value) ? 'not a number' : formatMeasured(value, 4);
  const figures = `${formatMeasured(expected, 4)} ± ${formatMeasured(band, 4)}`;
  const [first, ...later] = excursions;
  const last = later.at(-1) ?? first;
  const isOut = side !== 'within';
  const place = isOut ? `${side} the band` : 'within the band';
  let history = '';
  if (isOut && last?.to !== step) history = ', at this step alone so far';
  else if (isOut && first) history = `, which it first left at step ${formatCount(first.from)}`;
  if (last && last.to !== step)
    history += `; it was ${last.side} from step ${formatCount(last.from)} to ${formatCount(last.to)}`;
  return `${NAMES[quantity]} at step ${formatCount(step)} is ${found}, expected ${figures}: ${place}${history}`;
}
