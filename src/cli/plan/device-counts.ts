/** @file The numbers of devices that `--gpus` names. */

import { wholeNumber } from '../flags.ts';

const MAX_DEVICES = 100_000;

/** `1,8,64` as numbers. */
export function deviceCounts(text: string): number[] {
  return text.split(',').map(wholeNumber(1, MAX_DEVICES));
}
