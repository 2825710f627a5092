/** @file Server-Sent Events out of the body of a response: `EventSource` can send neither a body nor a key. */

export interface ServerEvent {
  /** `message` for one without a name. */
  readonly name: string;
  /** Of this event or the last one that had an id. */
  readonly id: string;
  readonly data: string;
}

/** The events, in order. A last one without its blank line is incomplete and left out, as the standard says. */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let data: string[] = [];
  let [name, id] = ['', ''];
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, field = '', value = ''] = /^(\w*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (field === 'data') data.push(value);
      else if (field === 'event') name = value;
      else if (field === 'id') id = value;
      else if (line === '') {
        if (data.length > 0) yield { name: name || 'message', id, data: data.join('\n') };
        data = [];
        name = '';
      }
    }
  }
}

/** The pieces of a stream; Safari's streams are not iterable. Leaving the loop cancels the stream. */
export async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
