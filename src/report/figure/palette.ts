/**
 * @file Colours of figures and pages. The colours of runs follow Okabe and Ito ("Color Universal Design", 2008), shifted in lightness
 * so that each has a contrast of at least 3:1 with its background; neighbours differ for every kind of colour vision.
 */

export type Theme = 'light' | 'dark';
export const THEMES: readonly Theme[] = ['light', 'dark'];

export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly axis: string;
  readonly reference: string;
  /** Of runs, in their order; more runs than colours begin again. */
  readonly runs: readonly string[];
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    background: '#ffffff',
    text: '#1b1f24',
    muted: '#646d78',
    grid: '#e9ecef',
    axis: '#b4bbc3',
    reference: '#646d78',
    runs: ['#0b6cb8', '#cf5200', '#00825f', '#a8528a', '#946200', '#3a4a9f', '#b3261e', '#4a5560'],
  },
  dark: {
    background: '#14171b',
    text: '#eceff2',
    muted: '#98a2ad',
    grid: '#262b31',
    axis: '#4b535c',
    reference: '#98a2ad',
    runs: ['#56b0f5', '#ff8f4d', '#2fc99a', '#e58cc4', '#e8b23a', '#9aa8ff', '#ff7b72', '#c3ccd5'],
  },
};

/** The colours of so many runs as custom properties of CSS, `--run-0`, `--run-1`, …, for either theme. */
export function runColourRules(count: number): string {
  const properties = (theme: Theme): string =>
    Array.from({ length: count }, (_, index) => `--run-${index}:${runColour(PALETTES[theme], index)}`).join(';');
  return `:root{${properties('light')}}@media(prefers-color-scheme:dark){:root{${properties('dark')}}}`;
}

/** How many runs have colours of their own. */
export const RUN_COLOURS = PALETTES.light.runs.length;

/** Whether the colour of the run at `index` is an earlier run's already. */
export function isDashed(index: number): boolean {
  return index >= RUN_COLOURS;
}

/** Strokes and gaps of a run's curves. */
export function runDash(index: number): 'solid' | number[] {
  return isDashed(index) ? [7, 3] : 'solid';
}

/** The colour of the run at `index`. */
export function runColour(palette: Palette, index: number): string {
  return palette.runs[index % palette.runs.length] ?? palette.text;
}
