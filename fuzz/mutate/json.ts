/** @file Damage to JSON and other text: values of another type, huge numbers, deep nesting, long strings, keys that stand twice. */

import type { Choice } from '../choice.ts';
import type { Mutate } from '../target.ts';
import { mutateBytes } from './bytes.ts';

/** What a program that trusts its input stumbles over. */
const HOSTILE = [
  ...['0', '-0', '-1', '1', '2', '0.5', '1e308', '-1e308', '1e999', '1e-320', '4294967296', '2147483648', '65536'],
  ...['9007199254740991', '9007199254740993', '1152921504606846976', '18446744073709551616', 'NaN', 'Infinity', 'null'],
  ...[
    'true',
    'false',
    '""',
    '"text"',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"\u2028"',
    '"../../escaped"',
    '"/dev/zero"',
    '".."',
  ],
  ...[
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"F32"',
    '"BF16"',
    '"gpt2"',
    '[]',
    '{}',
    '[[0]]',
    '[null]',
    '{"":{}}',
  ],
  ...[
    '{"__proto__":{"text":"a"}}',
    '{"length":1e9}',
    '{"toString":1,"valueOf":1}',
    '{"text":{"text":[]}}',
    "'",
    '\\',
    '\u0000',
    '\ufeff',
  ],
];
const HOSTILE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', '', '0', ' '];

const PARTS = /"(?:[^"\\]|\\.)*"|'[^']*'|-?\d[\d.e+-]*|\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}|\w+/g;
const PAIR = /"(?:[^"\\]|\\.)*"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false|null|\[[^[\]]*\]|\{[^{}]*\})/g;
const MAX_DEPTH = 30_000;
const MAX_STRING = 200_000;
const MAX_ITEMS = 20_000;

/** Changes text; once in six its bytes. */
export const mutateJson: Mutate = (input, choice, others) =>
  choice.once(6) ? mutateBytes(input, choice, others) : Buffer.from(mutateText(input.toString('utf8'), choice));

/** Replaces a string, number, bracket or word by something hostile, another one, itself twice or nothing. */
export function mutateText(text: string, choice: Choice): string {
  const parts = [...text.matchAll(PARTS)];
  if (parts.length === 0) return text + hostileValue(choice);
  const { index, 0: part } = choice.oneOf(parts);
  const replace = (value: string): string => text.slice(0, index) + value + text.slice(index + part.length);
  switch (choice.below(8)) {
    case 0:
      return replace(choice.oneOf(parts)[0]);
    case 1:
      return replace(choice.oneOf([`${part},${part}`, `${part}${part}`, '', `[${part}]`, `{"a":${part}}`]));
    case 2:
      return addPair(text, choice);
    default:
      return replace(hostileValue(choice));
  }
}

/** Puts a key with a value beside another: a second time with another value, or one that objects have by themselves. */
function addPair(text: string, choice: Choice): string {
  const pairs = [...text.matchAll(PAIR)];
  if (pairs.length === 0) return text;
  const { index, 0: pair } = choice.oneOf(pairs);
  const key = choice.once(2) ? pair.slice(0, pair.indexOf('"', 1) + 1) : JSON.stringify(choice.oneOf(HOSTILE_KEYS));
  const added = `${key}:${hostileValue(choice)}`;
  return (
    text.slice(0, index) + (choice.once(2) ? `${added},${pair}` : `${pair},${added}`) + text.slice(index + pair.length)
  );
}

function hostileValue(choice: Choice): string {
  if (!choice.once(12)) return choice.oneOf(HOSTILE);
  const [open, close] = choice.oneOf([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  const depth = choice.length(MAX_DEPTH);
  switch (choice.below(4)) {
    case 0:
      return `${open.repeat(depth)}0${close.repeat(depth)}`;
    case 1:
      return `"${choice.oneOf(['a', ' ', '\\n', '\\u00e9', '🙂', '\\\\']).repeat(choice.length(MAX_STRING))}"`;
    case 2:
      return `[${Array(choice.length(MAX_ITEMS)).fill(choice.oneOf(HOSTILE)).join(',')}]`;
    default:
      return '9'.repeat(choice.length(MAX_STRING));
  }
}
