import { expect, test } from 'vitest';
import { forKnownHosts } from '#minillm/app/server/access/hosts.js';

const app = { fetch: () => new Response('yes') };

async function isAnswered(name: string, host: string, allowed: readonly string[]): Promise<boolean> {
  const fetch = forKnownHosts(app, host, allowed);
  const response = (await fetch(new Request(`http://${name}/`), {} as never)) as Response;
  return response.status === 200;
}

const LOOPBACK = ['127.0.0.1', 'localhost:7860', '[::1]:7860', 'app.localhost'];
test.each([
  ['127.0.0.1', [], LOOPBACK, ['192.0.2.1', 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']],
  ['0.0.0.0', [], [...LOOPBACK, '192.0.2.1:7860', '[2001:db8::1]'], ['evil.example', '192.0.2.1.evil.example']],
  ['gpu7', [], [...LOOPBACK, 'gpu7:7860', 'GPU7'], ['gpu8', 'gpu7.evil.example']],
  ['0.0.0.0', ['App.example.org'], ['app.example.org', 'APP.example.org:443'], ['x.app.example.org', 'example.org']],
  ['127.0.0.1', ['.example.org'], ['example.org', 'a.b.example.org'], ['badexample.org', 'example.org.evil.example']],
])('a server on %s that allows %j answers to its names alone', async (host, allowed, known, strange) => {
  for (const name of known) expect([name, await isAnswered(name, host, allowed)]).toEqual([name, true]);
  for (const name of strange) expect([name, await isAnswered(name, host, allowed)]).toEqual([name, false]);
});
