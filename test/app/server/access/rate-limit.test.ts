import { expect, test } from 'vitest';
import { clientOf, RateLimit } from '#minillm/app/server/access/rate-limit.js';

test('as many requests as a minute allows may come at once, then one whenever its time has passed', () => {
  let now = 0;
  const limit = new RateLimit(6, () => now);
  expect(Array.from({ length: 7 }, () => limit.take('a'))).toEqual([0, 0, 0, 0, 0, 0, 10]);
  expect(limit.take('b')).toBe(0);
  now += 9000;
  expect(limit.take('a')).toBeCloseTo(1);
  now += 1000;
  expect(limit.take('a')).toBe(0);
  expect(limit.take('a')).toBeCloseTo(10);
  now += 1e9;
  expect(Array.from({ length: 7 }, () => limit.take('a')).filter((seconds) => seconds === 0)).toHaveLength(6);
});

test('addresses that ask without end take bounded memory, the last of them remembered', () => {
  const limit = new RateLimit(1, () => 0);
  for (let address = 0; address < 50_000; address++) limit.take(String(address));
  expect(limit.take('49999')).toBeGreaterThan(0);
  expect(limit.take('0')).toBe(0);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s belongs to the client %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});
