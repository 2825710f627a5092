import { expect, test } from 'vitest';
import { DEFAULTS } from '../../../../../src/app/web/playground/write/settings.ts';
import { snippet } from '../../../../../src/app/web/playground/write/snippets.ts';

const request = {
  page: 'http://127.0.0.1:7860/#prompt=x',
  model: 'stories@40',
  prompt: `it's a "test" \\ $HOME\n🦊`,
  settings: { ...DEFAULTS, seed: 7 },
};
const expected = {
  model: 'stories@40',
  prompt: request.prompt,
  max_tokens: 80,
  temperature: 0.8,
  top_k: 50,
  top_p: 1,
  seed: 7,
  n: 1,
};

test("curl's body is one word to the shell: a quote in it is closed, escaped and opened again", () => {
  const [, body] = /-d '(.*)'\n$/s.exec(snippet('curl', request)) ?? [];
  expect(JSON.parse(body?.replaceAll("'\\''", "'") ?? '')).toEqual(expected);
  expect(body?.replaceAll("'\\''", '')).not.toContain("'");
});

test('the TypeScript program sends the same request', async () => {
  const sent: unknown[] = [];
  const fetch = async (url: string, { body }: { readonly body: string }) => {
    sent.push([url, JSON.parse(body)]);
    return Response.json({ choices: [] });
  };
  const AsyncFunction = (async () => {}).constructor as new (...code: string[]) => (given: unknown) => Promise<void>;
  await new AsyncFunction('fetch', snippet('TypeScript', request))(fetch);
  expect(sent).toEqual([['http://127.0.0.1:7860/v1/completions', expected]]);
});

test("the Python program's request is an expression of Python: JSON without true, false and null", () => {
  expect(snippet('Python', request)).not.toMatch(/\b(true|false|null)\b/);
});
