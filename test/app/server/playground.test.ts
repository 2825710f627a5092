import { expect, test } from 'vitest';
import { playgroundApp } from '#minillm/app/server/playground.js';

const app = playgroundApp();

test('the page may load and ask nothing but its own server', async () => {
  const response = await app.request('/');
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toContain('unsafe');
  const page = await response.text();
  expect(page).not.toMatch(/https?:/);
  for (const [, asset] of page.matchAll(/(?:src|href)="\.(\/[^"]+)"/g))
    expect((await app.request(asset!)).status).toBe(200);
});

test('what the page loads takes less than 100 kB on the way, and is kept by browsers', async () => {
  const page = await app.request('/');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const links = (await page.text()).matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g);
  const assets = new Set(Array.from(links, ([, asset]) => asset!));
  let bytes = 0;
  // what a script imports is added while the set is gone through
  for (const asset of assets) {
    const text = await (await app.request(asset)).text();
    if (asset.endsWith('.js'))
      for (const [, name] of text.matchAll(/(?:from|import)\s*["'`]\.\/([\w-]+\.js)["'`]/g))
        assets.add(`/assets/${name}`);
    const response = await app.request(asset, { headers: { 'accept-encoding': 'gzip' } });
    // what fits in a packet gains nothing
    expect(response.headers.get('content-encoding')).toBe(text.length < 1024 ? null : 'gzip');
    expect(response.headers.get('cache-control')).toContain('immutable');
    bytes += (await response.arrayBuffer()).byteLength;
  }
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(100_000);
});

test('texts of tokens are told by id', async () => {
  const response = await app.request('/app/tokens.json?ids=262,198,50256');
  expect(await response.json()).toEqual({ 262: ' the', 198: '\n', 50256: '<|endoftext|>' });
});

test.each(['', '50257', '-1', '1.5', '1,,2', Array.from({ length: 257 }, () => 1).join()])(
  'ids that are none, or too many, are refused (%#)',
  async (ids) => {
    expect((await app.request(`/app/tokens.json?ids=${ids}`)).status).toBe(400);
  },
);

test('other paths are left to others', async () => {
  expect((await app.request('/v1/models')).status).toBe(404);
});
