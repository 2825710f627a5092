/** @file The patterns by which a data set's README names its files: `data/*`, `{a,b}/[0-9]?.jsonl`. */

const TOKEN = /\*\*\/|\*\*|[*?]|\[[^\]]+\]|\{[^}]+\}/g;

/** An expression that matches exactly the paths that a pattern stands for. */
export function globExpression(pattern: string): RegExp {
  let source = '';
  let end = 0;
  for (const { 0: token, index } of pattern.matchAll(TOKEN)) {
    source += escaped(pattern.slice(end, index)) + tokenToRegExp(token);
    end = index + token.length;
  }
  return new RegExp(`^${source}${escaped(pattern.slice(end))}$`);
}

function tokenToRegExp(token: string): string {
  switch (token[0]) {
    case '?':
      return '[^/]';
    case '[':
      return `[${token.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
    case '{':
      return `(?:${token.slice(1, -1).split(',').map(escaped).join('|')})`;
    default:
      return token === '**/' ? '(?:.*/)?' : token === '**' ? '.*' : '[^/]*';
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** The folder that holds everything a pattern can match: `data/en` for `data/en/*.parquet`. */
export function folderOfGlob(pattern: string): string {
  const literal = /^[^*?[{]*/.exec(pattern)?.[0] ?? '';
  return literal.slice(0, Math.max(0, literal.lastIndexOf('/')));
}
