/** @file An engine and its page's transport in one process, on the CPU, joined by a channel of messages. */

import { onTestFinished } from 'vitest';
import { type EngineParts, startEngine } from '#minillm/app/tab/engine.js';
import type { EngineMessage, PageMessage } from '#minillm/app/tab/messages.js';
import type { Site } from '#minillm/app/tab/site.js';
import { openTransport } from '#minillm/app/tab/transport.js';
import { openBackend } from '#minillm/backends/open.js';
import { openWeights } from '#minillm/generate/weights.js';

export interface Tab {
  send(path: string, init?: RequestInit): Promise<Response>;
  post(body: object, signal?: AbortSignal): Promise<Response>;
  /** Waits until the models have loaded; the problem if they have not. */
  load(): Promise<string | undefined>;
  /** What the worker has sent. */
  readonly messages: readonly EngineMessage[];
}

/** A site of checkpoints of a run, whose folders lie on this machine. */
export async function siteOf(folders: Readonly<Record<number, string>>): Promise<Site> {
  const steps = [];
  for (const [step, folder] of Object.entries(folders)) {
    const { config, close } = await openWeights(folder);
    await close();
    const file = { folder, bytes: 24.8e6, sha256: [] };
    steps.push({ ...{ id: `small@${step}`, file, config, step: Number(step) }, validationLoss: 3 });
  }
  const { validationLoss: _, step: __, ...last } = steps.at(-1) ?? (undefined as never);
  return {
    ...{ version: '1.2.3', weights: 'fp32', main: { ...last, id: 'small' }, steps, curve: [{ step: 1, loss: 4 }] },
    compared: { id: 'untrained', config: last.config, seed: 1 },
  };
}

export function openTab(site: Site, changes: Partial<EngineParts> = {}): Tab {
  const parts: EngineParts = {
    readSite: async () => site,
    async openBackend(precision) {
      const backend = await openBackend({ precision, threads: 1, device: 'cpu' });
      onTestFinished(() => backend.close());
      return backend;
    },
    openWeights: ({ file }) => openWeights(file.folder),
    describeWeights: () => null,
    ...changes,
  };
  const messages: EngineMessage[] = [];
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  startEngine(
    {
      post(message) {
        messages.push(message);
        port2.postMessage(message);
      },
      receive: (receiver) => port2.on('message', (message: PageMessage) => receiver(message)),
    },
    parts,
  );
  const transport = openTransport({
    start: () => ({
      post: (message) => port1.postMessage(message),
      receive: (receiver) => port1.on('message', (message: EngineMessage) => receiver(message)),
      onFailure: () => {},
    }),
    failure: (message) => new Error(message),
    onDoing: () => {},
  });
  const send = (path: string, init: RequestInit = {}): Promise<Response> => transport(path, init);
  return {
    messages,
    send,
    post: (body, signal) =>
      send('v1/completions', { method: 'POST', body: JSON.stringify(body), signal: signal ?? null }),
    async load() {
      for (;;) {
        const response = await send('app/loading.json');
        const answer = (await response.json()) as { loading?: boolean; error?: { message: string } };
        if (answer.error) return answer.error.message;
        if (answer.loading === false) return undefined;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
