/** @file What the page that trains shows of its run. */

import type { Locator, Page } from 'playwright-core';

export const figures = (page: Page): Locator => page.getByRole('region', { name: 'Figures' });

/** A loss is not a number where there is none yet. */
export interface Progress {
  readonly step: number;
  readonly trainingLoss: number;
  readonly validationLoss: number;
}

export async function progress(page: Page): Promise<Progress> {
  const text = (await figures(page).textContent()) ?? '';
  const [, step, trainingLoss, validationLoss] =
    /step ([\d,]+) of .*Training loss([\d.]+|–).*Validation loss([\d.]+)/.exec(text) ?? [];
  return {
    step: Number(step?.replace(',', '')),
    trainingLoss: Number(trainingLoss),
    validationLoss: Number(validationLoss),
  };
}
