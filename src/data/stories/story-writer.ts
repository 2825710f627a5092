/**
 * @file Writes a story from the grammar. A template is text with two kinds of place in it:
 *
 * - `[one|another]` is one of these, each as likely as the others, which are templates again;
 * - `{fact}` is what the story has for this fact of the grammar. `{fact:he}` is its pronoun (he, He, him, his, His), or
 *   `boy` or `girl` for `{fact:child}`; without the name of a fact the hero is meant: `{he}`.
 *
 * White space in a template counts as one space.
 */
import { FACTS, FEMALE, OPENING, PLOTS } from './stories-grammar.ts';

/** Chooses one of `count` things: a whole number from 0 to count − 1. */
export type Choose = (count: number) => number;

const FORMS: Readonly<Record<string, readonly [male: string, female: string]>> = {
  he: ['he', 'she'],
  He: ['He', 'She'],
  him: ['him', 'her'],
  his: ['his', 'her'],
  His: ['His', 'Her'],
  child: ['boy', 'girl'],
};

/** One story, of one paragraph. It is a pure function of the choices. */
export function writeStory(choose: Choose): string {
  const writer = new StoryWriter(choose);
  const plot = PLOTS[choose(PLOTS.length)] as string;
  return `${writer.expand(OPENING)} ${writer.expand(plot)}`
    .replace(/\s+/g, ' ')
    .replace(/\b([Aa]) (?=[aeiou])/g, '$1n ')
    .trim();
}

class StoryWriter {
  readonly #choose: Choose;
  readonly #facts = new Map<string, string>();

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  expand(template: string): string {
    let text = '';
    for (let index = 0; index < template.length; index++) {
      const character = template[index] as string;
      if (character === '[') {
        const { options, end } = readChoice(template, index);
        text += this.expand(this.#pick(options));
        index = end;
      } else if (character === '{') {
        const end = template.indexOf('}', index);
        text += this.#mention(template.slice(index + 1, end));
        index = end;
      } else {
        text += character;
      }
    }
    return text;
  }

  #mention(reference: string): string {
    const [name, form] = reference in FORMS ? ['hero', reference] : (reference.split(':') as [string, string?]);
    const value = this.#fact(name);
    return form === undefined ? value : (FORMS[form] as readonly string[])[FEMALE.has(value) ? 1 : 0]!;
  }

  #fact(name: string): string {
    const known = this.#facts.get(name);
    if (known !== undefined) return known;
    const taken = new Set(this.#facts.values());
    const value = this.expand(this.#pick((FACTS[name] as readonly string[]).filter((option) => !taken.has(option))));
    this.#facts.set(name, value);
    return value;
  }

  #pick(options: readonly string[]): string {
    return options[this.#choose(options.length)] as string;
  }
}

/** The options of the choice that opens at `start`, and where it closes. */
function readChoice(template: string, start: number): { readonly options: string[]; readonly end: number } {
  const options: string[] = [];
  let depth = 0;
  let optionStart = start + 1;
  for (let index = start; index < template.length; index++) {
    const character = template[index];
    if (character === '[') depth++;
    else if (character === ']') depth--;
    if (depth === 0 || (depth === 1 && character === '|')) {
      options.push(template.slice(optionStart, index));
      optionStart = index + 1;
    }
    if (depth === 0) return { options, end: index };
  }
  throw new TypeError(`a choice is not closed: ${template.slice(start)}`);
}
