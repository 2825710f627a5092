/** @file The YAML at the head of a README.md, by which the hub finds and shows a repository. */

export type YamlValue = string | number | readonly YamlValue[] | { readonly [key: string]: YamlValue | undefined };

/** Fields in their order, those without a value left out, with the rules above and below. */
export function yamlHead(fields: { readonly [key: string]: YamlValue | undefined }): string {
  return `---\n${yaml(fields, '')}---\n`;
}

/** Words that are no strings in YAML, in one version or another. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** Block style; strings that are not plain words as in JSON, which is YAML. */
function yaml(fields: { readonly [key: string]: YamlValue | undefined }, indent: string): string {
  return Object.entries(fields)
    .map(([key, value]) => (value === undefined ? '' : `${indent}${key}:${yamlValue(value, indent)}`))
    .join('');
}

function yamlValue(value: YamlValue, indent: string): string {
  if (typeof value === 'string') return ` ${isPlain(value) ? value : JSON.stringify(value)}\n`;
  if (typeof value === 'number') return ` ${value}\n`;
  if (!isList(value)) return `\n${yaml(value, `${indent}  `)}`;
  const inner = `${indent}  `;
  return `\n${value
    .map((item) =>
      typeof item === 'object' && !isList(item)
        ? `${indent}- ${yaml(item, inner).slice(inner.length)}`
        : `${indent}-${yamlValue(item, inner)}`,
    )
    .join('')}`;
}

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);

const isPlain = (text: string): boolean => /^[a-z][\w./-]*$/i.test(text) && !RESERVED.test(text);
