/** What is answered once the models' device has failed. */

import { expect, test, vi } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { listen } from '#minillm/app/server/listen.js';
import { DeviceLost } from '#minillm/engine/runtime/device-lost.js';
import { openPool } from '../models/pools.ts';

test('a device that fails is a 503 to who has asked, and the server is told what happened', async () => {
  const pool = await openPool('untrained:tiny');
  const onLost = vi.fn();
  const { url, close } = await listen(completionsApp(pool, onLost), { host: '127.0.0.1', port: 0, isFixed: true });
  try {
    const cause = new DeviceLost('cuda:0 has failed');
    vi.spyOn(pool.backend, 'run').mockRejectedValue(cause);
    const answer = await fetch(`${url}v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'x', max_tokens: 2 }),
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.text()).toContain('the server is stopping, as its device has failed; try again later');
    expect(onLost).toHaveBeenCalledWith(cause);
  } finally {
    await close();
    await pool.close();
  }
});
