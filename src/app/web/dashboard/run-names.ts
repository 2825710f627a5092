/** @file Names of runs where there is little room. */

/** As much that names have in common is not worth cutting off. */
const SHORT = 4;

/** The names without the words that all of them begin and end with. */
export function shortNames(names: readonly string[]): string[] {
  const start = commonWords(names);
  const end = commonWords(names.map(reversed));
  const rests = names.map((name) => name.slice(start, name.length - end));
  if (rests.includes('')) return [...names];
  return rests.map((rest) => `${start > 0 ? '…' : ''}${rest}${end > 0 ? '…' : ''}`);
}

/** How many characters of whole words all names begin with; 0 where it is little. */
function commonWords(names: readonly string[]): number {
  const [first = '', ...others] = names;
  let common = 0;
  while (others.length > 0 && common < first.length && others.every((name) => name[common] === first[common])) common++;
  const words = /^.*[-_ ]/.exec(first.slice(0, common))?.[0].length ?? 0;
  return words > SHORT ? words : 0;
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
