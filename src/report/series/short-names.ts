/** @file Names of runs for places where there is little room: what distinguishes them stays. */

/** A text of at most so many characters, its middle left out. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/**
 * The names, or where one is too long, all without the words that they begin and end with alike; at most so many characters.
 * Different names stay different.
 */
export function shortNames(names: readonly string[], most: number): string[] {
  const short = withoutCommon(names, most);
  return short.map((own, index) => {
    const alike = [...new Set(names.filter((_, other) => short[other] === own))];
    if (alike.length === 1) return own;
    const place = alike.indexOf(names[index] ?? '');
    const isPart = alike.length < new Set(names).size;
    return isPart ? (shortNames(alike, most)[place] ?? own) : `${place + 1} ${shorten(own, most - 3)}`;
  });
}

function withoutCommon(names: readonly string[], most: number): string[] {
  if (names.length < 2 || names.every(({ length }) => length <= most)) return names.map((name) => shorten(name, most));
  // up to the end of a word, back from its beginning
  const head = /^.*[-_/, ]/.exec(commonStart(names))?.[0].length ?? 0;
  const rests = names.map((name) => name.slice(head));
  const tail = /[-_/, ].*$/.exec(reversed(commonStart(rests.map(reversed))))?.[0].length ?? 0;
  return rests.map((rest) => {
    const own = rest.slice(0, rest.length - tail);
    return shorten(`${head > 0 ? '…' : ''}${own}${tail > 0 ? '…' : ''}`, most);
  });
}

function commonStart(texts: readonly string[]): string {
  const [first = ''] = texts;
  let length = 0;
  while (length < first.length && texts.every((text) => text[length] === first[length])) length++;
  return first.slice(0, length);
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
