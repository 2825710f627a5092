import { expect, test, vi } from 'vitest';
import type { EngineMessage, PageMessage } from '#minillm/app/tab/messages.js';
import { openTransport } from '#minillm/app/tab/transport.js';

/** Workers that do nothing by themselves. */
function standIn() {
  const workers: { sent: PageMessage[]; say: (message: EngineMessage) => void; fail: (message: string) => void }[] = [];
  const onDoing = vi.fn();
  const send = openTransport({
    start() {
      const worker = { sent: [] as PageMessage[], say: (_: EngineMessage) => {}, fail: (_: string) => {} };
      workers.push(worker);
      return {
        post: (message) => worker.sent.push(message),
        receive: (receiver) => {
          worker.say = receiver;
        },
        onFailure: (failed) => {
          worker.fail = failed;
        },
      };
    },
    failure: (message) => new Error(message),
    onDoing,
  });
  return { workers, onDoing, send };
}

const head = (id: number): EngineMessage => ({
  kind: 'head',
  id,
  status: 200,
  headers: [['content-type', 'text/plain']],
});

test('answers come in pieces, each request its own', async () => {
  const { workers, send } = standIn();
  const answers = [send('a', {}), send('b?c=1', { method: 'POST', body: '{}' })];
  const worker = workers[0]!;
  expect(worker.sent).toEqual([
    { kind: 'request', id: 1, path: 'a', method: 'GET', body: '' },
    { kind: 'request', id: 2, path: 'b?c=1', method: 'POST', body: '{}' },
  ]);
  for (const id of [2, 1]) worker.say(head(id));
  for (const [id, text] of [
    [1, 'on'],
    [2, 'two'],
    [1, 'e 🦊'],
  ] as const)
    worker.say({ kind: 'piece', id, text });
  for (const id of [1, 2]) worker.say({ kind: 'end', id });
  const [one, two] = await Promise.all(answers);
  expect(one?.headers.get('content-type')).toBe('text/plain');
  expect([await one?.text(), await two?.text()]).toEqual(['one 🦊', 'two']);
  expect(workers).toHaveLength(1);
});

test('an aborted request is told to the worker, before its answer and in the middle', async () => {
  const { workers, send } = standIn();
  const [early, late] = [new AbortController(), new AbortController()];
  const refused = send('a', { signal: early.signal });
  const begun = send('b', { signal: late.signal });
  workers[0]!.say(head(2));
  const response = await begun;
  early.abort();
  late.abort();
  await expect(refused).rejects.toThrow('aborted');
  await expect(response.text()).rejects.toThrow('aborted');
  expect(workers[0]!.sent.slice(2)).toEqual([
    { kind: 'abort', id: 1 },
    { kind: 'abort', id: 2 },
  ]);
  // what was on its way is for nobody
  workers[0]!.say({ kind: 'piece', id: 2, text: 'late' });
});

test('a reader who leaves the body ends the request', async () => {
  const { workers, send } = standIn();
  const answer = send('a', {});
  workers[0]!.say(head(1));
  await (await answer).body?.cancel();
  expect(workers[0]!.sent.at(-1)).toEqual({ kind: 'abort', id: 1 });
});

test('a failure in the middle of an answer is its error', async () => {
  const { workers, send } = standIn();
  const answer = send('a', {});
  workers[0]!.say(head(1));
  workers[0]!.say({ kind: 'cut', id: 1, message: 'no memory' });
  await expect((await answer).text()).rejects.toThrow('no memory');
});

test('a worker that fails fails all its requests, and the next one starts another', async () => {
  const { workers, send, onDoing } = standIn();
  const [waiting, begun] = [send('a', {}), send('b', {})];
  workers[0]!.say({ kind: 'doing', message: 'loading small' });
  workers[0]!.say(head(2));
  const response = await begun;
  workers[0]!.fail('the worker has failed');
  await expect(waiting).rejects.toThrow('the worker has failed');
  await expect(response.text()).rejects.toThrow('the worker has failed');
  expect(onDoing.mock.calls).toEqual([['loading small'], ['']]);
  void send('c', {});
  expect(workers).toHaveLength(2);
});
