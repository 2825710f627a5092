import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseDevice } from '#minillm/backends/device-names.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { playWindows } from '../support/windows.ts';

/** A module anew: what it has opened, or told, before is forgotten. */
async function devices() {
  vi.resetModules();
  return import('#minillm/backends/devices.js');
}

let told: string[];
beforeEach(() => {
  told = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void told.push(line));
  vi.stubEnv('MINILLM_CUDA_DRIVER', '/nowhere');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Takes away every compiler, and all that was compiled before unless that is to stay. */
function withoutCompiler(keepCache = false): void {
  vi.stubEnv('CC', undefined);
  vi.stubEnv('PATH', temporaryFolder());
  if (!keepCache) vi.stubEnv('MINILLM_CACHE', temporaryFolder());
}

test.each(['auto', 'cpu', 'cuda', 'cuda:3', 'wasm'])('%s is a device', (name) => {
  expect(parseDevice(name)).toBe(name);
});

test.each(['gpu', 'cuda:', 'cuda:x', 'wasm:1', 'WASM', ''])('%j is none', (name) => {
  expect(parseDevice(name)).toBeUndefined();
});

test('each name of a processor is that device, whatever is there', async () => {
  withoutCompiler();
  const { resolveDevice } = await devices();
  expect([await resolveDevice('cpu'), await resolveDevice('wasm')]).toEqual([{ kind: 'cpu' }, { kind: 'wasm' }]);
  expect(told).toEqual([]);
});

describe('auto without a GPU', () => {
  test('is the CPU where there is a compiler, and says nothing', async () => {
    vi.stubEnv('MINILLM_CACHE', temporaryFolder());
    expect(await (await devices()).resolveDevice('auto')).toEqual({ kind: 'cpu' });
    expect(told).toEqual([]);
  });

  test('is WebAssembly where there is none, and says once how to become faster', async () => {
    withoutCompiler();
    const { resolveDevice } = await devices();
    expect(await resolveDevice('auto')).toEqual({ kind: 'wasm' });
    expect(await resolveDevice('auto')).toEqual({ kind: 'wasm' });
    const command = process.platform === 'darwin' ? 'xcode-select --install' : 'sudo apt install gcc';
    expect(told).toEqual([
      expect.stringMatching(/^minillm: no C compiler was found, so the kernels run as WebAssembly; /),
    ]);
    expect(told[0]).toContain(command);
  });

  test('names the compiler that CC names and that does not answer', async () => {
    withoutCompiler();
    vi.stubEnv('CC', 'no-such-compiler');
    expect(await (await devices()).resolveDevice('auto')).toEqual({ kind: 'wasm' });
    expect(told[0]).toContain('CC names no-such-compiler, which does not answer');
  });

  test.each(['fp32', 'bf16'] as const)(
    'is the CPU where a compiler has built the kernels for %s',
    async (precision) => {
      withoutCompiler(true);
      expect(await (await devices()).resolveDevice('auto', { precision })).toEqual({ kind: 'cpu' });
      expect(told).toEqual([]);
    },
  );

  test('is WebAssembly on Windows, even with a compiler, whose advice is WSL2', async () => {
    playWindows();
    expect(await (await devices()).resolveDevice('auto')).toEqual({ kind: 'wasm' });
    expect(told).toEqual([expect.stringMatching(/native kernels do not run on Windows.*WebAssembly.*wsl --install/)]);
  });
});

test.each(['cuda', 'cuda:1'] as const)('%s on Windows is WSL2', async (name) => {
  playWindows();
  await expect((await devices()).resolveDevice(name)).rejects.toThrow(`--device ${name} needs Linux; on Windows`);
});

test('cpu on Windows is refused in favour of WebAssembly and WSL2', async () => {
  playWindows();
  await expect((await devices()).resolveDevice('cpu')).rejects.toThrow(/not run on Windows.*--device wasm.*WSL2/);
});

describe('--device cpu without a compiler', () => {
  test('says what to install, and what does without', async () => {
    withoutCompiler();
    vi.resetModules();
    const { openBackend } = await import('#minillm/backends/open.js');
    await expect(openBackend({ device: 'cpu' })).rejects.toThrow(/a C compiler is needed.*install.*--device wasm$/);
  });
});

/** A compiler that finds no headers. */
function withoutHeaders(): string {
  const path = join(temporaryFolder(), 'cc');
  const said = 'a.c:2:10: fatal error: math.h: No such file or directory';
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && echo cc 1.0 && exit\necho '${said}' >&2\nexit 1\n`, {
    mode: 0o755,
  });
  return path;
}

test('a compiler without the headers of C is an error for cpu, and for auto a reason for WebAssembly', async () => {
  vi.stubEnv('CC', withoutHeaders());
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  vi.resetModules();
  const { openBackend } = await import('#minillm/backends/open.js');
  await expect(openBackend({ device: 'cpu', threads: 1 })).rejects.toThrow(/finds no math\.h/);
  const backend = await openBackend({ device: 'auto', threads: 1 });
  expect(backend.name).toBe('wasm');
  await backend.close();
  expect(told).toEqual([expect.stringMatching(/the C compiler finds no math\.h, so .*WebAssembly.*libc6-dev/)]);
});
