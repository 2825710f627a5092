/** @file The width of text on a terminal. */

/** Characters that take two columns: East Asian scripts and signs, emoji. */
const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f000}-\u{3fffd}]/u;
/** Escape sequences that set colours take no column. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** Columns that a text takes, at most: a combining character counts as one. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(COLOURS, '')) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** A text without colours on one line of at most `columns` columns, with an ellipsis where it was cut. */
export function cutText(text: string, columns: number): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  if (textWidth(line) <= columns) return line;
  let cut = '';
  let width = 1;
  for (const character of line) {
    width += textWidth(character);
    if (width > columns) break;
    cut += character;
  }
  return columns < 1 ? '' : `${cut}…`;
}

/** Replaces what a terminal would take for a command, such as an escape, by U+FFFD. */
export function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}
