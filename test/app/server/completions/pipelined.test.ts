/** Requests that one client sends one behind the other over one connection. */

import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { serveTiny } from './served.ts';

const served = serveTiny();

test.each([true, false])(
  'a client that leaves ends the work of all of them, streams: %s',
  async (stream) => {
    const { hostname, port } = new URL(served.url);
    const body = JSON.stringify({ prompt: [464], n: 8, max_tokens: 120, ignore_eos: true, stream });
    const request = `POST /v1/completions HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(Number(port), hostname).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(request.repeat(10));
    const load = () => served.pool.models[0]!.generator.load;
    await expect.poll(() => load().running + load().waiting).toBeGreaterThan(60);
    const finished = async (reason: string): Promise<number> => {
      const text = await (await fetch(`${served.url}metrics`)).text();
      return Number(
        new RegExp(`^minillm:request_success_total\\{finished_reason="${reason}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0,
      );
    };
    const [before, whole] = [await finished('abort'), await finished('length')];
    socket.resetAndDestroy();
    await expect.poll(() => finished('abort')).toBeGreaterThan(before + 8);
    expect(load()).toMatchObject({ running: 0, waiting: 0 });
    expect(await finished('length')).toBeLessThan(whole + 16);
  },
  120_000,
);
