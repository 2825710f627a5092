/** @file Reading Server-Sent Events in tests, as a browser does. */

import { onTestFinished } from 'vitest';

export interface StreamEvent {
  readonly name: string;
  readonly data: unknown;
  readonly id: string;
}

/** Opens a stream; each call of the returned function waits for the next event. */
export async function openStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<() => Promise<StreamEvent>> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(url, { headers, signal: abort.signal });
  if (!response.body) throw new Error(`${url}: no body`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async () => {
    while (true) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { value, done } = await reader.read();
        if (done) throw new Error('the stream ended');
        text += value;
        continue;
      }
      const fields = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string): string =>
        fields.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      if (field('event') !== '') return { name: field('event'), data: JSON.parse(field('data')), id: field('id') };
    }
  };
}
