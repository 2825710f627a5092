/** @file The present request as a program that a reader can run elsewhere. */

import { type Settings, samplingOf } from './settings.ts';

export const LANGUAGES = ['curl', 'Python', 'TypeScript'] as const;
export type Language = (typeof LANGUAGES)[number];

interface SnippetOf {
  /** Where the page is. */
  readonly page: string;
  readonly model: string;
  readonly prompt: string;
  readonly settings: Settings;
}

export function snippet(language: Language, { page, model, prompt, settings }: SnippetOf): string {
  const url = new URL('v1/completions', page).href;
  const body = JSON.stringify({ model, prompt, ...samplingOf(settings) }, null, 2);
  // a JSON text of strings and numbers is also an expression of both languages
  if (language === 'curl')
    return `curl ${url} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'\n`;
  if (language === 'Python')
    return `import json, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    headers={"Content-Type": "application/json"},
    data=json.dumps(${body.replaceAll('\n', '\n    ')}).encode(),
)
for choice in json.load(urllib.request.urlopen(request))["choices"]:
    print(choice["text"])
`;
  return `const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),
});
const { choices } = await response.json();
for (const { text } of choices) console.log(text);
`;
}
