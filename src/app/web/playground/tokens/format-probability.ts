/** @file Probabilities and tokens as a person reads them. */

/** From here on a percentage is easier to read than odds. */
const LEAST_PERCENTAGE = 1e-4;

/** `42 %`, `4.2 %`, `0.42 %`, `1 in 50,257`. */
export function formatProbability(probability: number): string {
  if (probability < LEAST_PERCENTAGE) return `1 in ${formatOdds(1 / probability)}`;
  const percent = 100 * probability;
  const decimals = percent >= 9.95 ? 0 : percent >= 0.995 ? 1 : 2;
  return `${percent.toFixed(decimals)} %`;
}

/** A count with three significant digits at least: `3.1`, `42`, `50,257`. */
export function formatOdds(odds: number): string {
  if (!Number.isFinite(odds)) return '∞';
  return odds.toLocaleString('en-US', { maximumFractionDigits: odds < 9.95 ? 1 : 0 });
}

const VISIBLE: Readonly<Record<string, string>> = { ' ': '␣', '\n': '⏎', '\t': '⇥', '\r': '␍' };

/** A token by itself, with its white space visible. */
export function visibleToken(text: string): string {
  return text === '' ? '…' : text.replaceAll(/[ \n\t\r]/g, (space) => VISIBLE[space] ?? space);
}

const SPOKEN: Readonly<Record<string, string>> = { ' ': 'space', '\n': 'line break', '\t': 'tab', '\r': 'return' };

/** What a token without visible text is called (a part of a character, the end of the text); undefined where its text speaks for itself. */
export function spokenToken(text: string): string | undefined {
  if (text === '') return 'no text of its own';
  return text.trim() === '' ? Array.from(text, (space) => SPOKEN[space] ?? 'space').join(', ') : undefined;
}
