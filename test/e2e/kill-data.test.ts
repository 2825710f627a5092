/**
 * @file Shards of a data set on a hub that misbehaves, built again and again under `kill -9`: they must be those of a build
 * that was left alone. More kills than in every run of the tests:
 *
 *   MINILLM_KILLS=100 npx vitest run test/e2e/kill-data.test.ts
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '#minillm/support/random.js';
import { BIN } from '../cli/minillm.ts';
import { parquetFiles } from '../data/documents/parquet-files.ts';
import type { Fault, HubRequest } from '../hub/fake-hub.ts';
import { fakeHub } from '../hub/hubs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KILLS = Number(process.env.MINILLM_KILLS ?? 4);
const FILES = 4;
const ROWS = 230;
/** A kill that waits for the work folder to change comes at most so many milliseconds after it. */
const MAX_AFTER_CHANGE = 20;
const MAX_FAULTS = 0.12;

const random = new Random(Number(process.env.MINILLM_SEED ?? 1), 'kills');

/** Now and then something goes wrong with a file; never twice in a row, as waits double. */
function faults({ stage, attempt }: HubRequest): Fault | undefined {
  if (stage !== 'bytes' || attempt % 2 === 0 || random.uniform() > MAX_FAULTS) return undefined;
  const kinds: Fault[] = [
    { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
    { kind: 'status', status: 500 },
    { kind: 'cut', after: 1000 },
    { kind: 'short', after: 2000 },
    { kind: 'corrupt' },
    { kind: 'trickle', bytes: 5000, milliseconds: 10 },
  ];
  return kinds[Math.floor(random.uniform() * kinds.length)];
}

interface Ending {
  readonly code: number | null;
  readonly stderr: string;
  readonly milliseconds: number;
}

interface Kill {
  readonly afterStart: number;
  /** Waits for a change of the work folder first. */
  readonly afterChange: number | undefined;
}

/** Builds until the end or the kill. */
function build(url: string, cache: string, out: string, kill?: Kill): Promise<Ending> {
  const env = { ...process.env, HF_ENDPOINT: url, HF_HOME: cache, XDG_CACHE_HOME: cache, MINILLM_CACHE: cache };
  const args = ['data', 'hub', 'owner/name', '--out', out, '--shard-tokens', '20k', '--workers', '2'];
  const started = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], { env });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const cancel = kill ? schedule(() => child.kill('SIGKILL'), join(out, '.building'), kill) : () => {};
  return new Promise((resolve) => {
    child.on('close', (code) => {
      cancel();
      resolve({ code, stderr, milliseconds: performance.now() - started });
    });
  });
}

function schedule(kill: () => void, folder: string, { afterStart, afterChange }: Kill): () => void {
  let cancelWatch = () => {};
  let timer = setTimeout(() => {
    if (afterChange === undefined || !existsSync(folder)) return kill();
    const watcher = watch(folder, () => {
      watcher.close();
      timer = setTimeout(kill, afterChange);
    });
    cancelWatch = () => watcher.close();
  }, afterStart);
  return () => {
    clearTimeout(timer);
    cancelWatch();
  };
}

/** Every file of a folder of shards. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

test(`shards of a hub that misbehaves are the same after ${KILLS} kills as after none`, {
  timeout: 3_600_000,
}, async () => {
  const root = temporaryFolder();
  const { paths } = parquetFiles(root, FILES, ROWS);
  const files = Object.fromEntries(paths.map((path, i) => [`data/${i}.parquet`, readFileSync(path)]));
  const { url } = await fakeHub(files, { faults });
  const cache = join(root, 'cache');
  mkdirSync(cache);
  const whole = join(root, 'whole');
  const { code, stderr, milliseconds } = await build(url, cache, whole);
  expect(code, stderr).toBe(0);
  const expected = contents(whole);
  expect(Object.keys(expected).length).toBeGreaterThan(8);
  let kills = 0;
  for (let run = 0; kills < KILLS; run++) {
    const out = join(root, `run-${run}`);
    for (;;) {
      const afterStart = milliseconds * random.uniform();
      const afterChange = random.uniform() < 0.5 ? undefined : MAX_AFTER_CHANGE * random.uniform();
      const ending = await build(url, cache, out, kills < KILLS ? { afterStart, afterChange } : undefined);
      if (ending.code === null) {
        kills++;
        continue;
      }
      expect(ending.code, ending.stderr).toBe(0);
      break;
    }
    const found = contents(out);
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const name of Object.keys(expected))
      expect(found[name] === expected[name], `${name} of run ${run}`).toBe(true);
  }
});
