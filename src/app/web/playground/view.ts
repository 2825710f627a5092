/** @file What the views of the page have in common. */

import type { PageData } from './page-data.ts';
import type { PageState } from './write/link.ts';

export interface ViewProps {
  readonly data: PageData;
  readonly state: PageState;
  readonly onChange: (part: Partial<PageState>) => void;
}

/** Alternatives that are asked for with every token. */
export const topOf = ({ limits }: PageData): number => Math.min(10, limits.maxLogprobs);
