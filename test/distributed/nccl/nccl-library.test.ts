import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findNccl } from '#minillm/distributed/nccl/nccl-library.js';
import { ncclHome } from '../../stand-ins/gpus.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

beforeEach(() => {
  for (const name of ['NCCL_HOME', 'CONDA_PREFIX']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A machine may have NCCL where its loader finds it. */
async function hasOwn(): Promise<boolean> {
  for (const name of ['NCCL_HOME', 'CONDA_PREFIX']) vi.stubEnv(name, undefined);
  vi.stubEnv('PATH', '/nowhere');
  const found = await findNccl().then(
    () => true,
    () => false,
  );
  vi.unstubAllEnvs();
  return found;
}
const isInstalled = await hasOwn();

describe('NCCL is found', () => {
  test('in NCCL_HOME, with its version', async () => {
    const home = await ncclHome();
    vi.stubEnv('NCCL_HOME', home);
    expect(await findNccl()).toEqual({ path: join(home, 'lib/libnccl.so.2'), version: '2.27.3' });
    vi.stubEnv('NCCL_HOME', join(home, 'lib'));
    expect(await findNccl()).toEqual({ path: join(home, 'lib/libnccl.so.2'), version: '2.27.3' });
  });

  test.skipIf(isInstalled)("in conda's environment", async () => {
    const home = await ncclHome();
    vi.stubEnv('CONDA_PREFIX', home);
    expect((await findNccl()).path).toBe(join(home, 'lib/libnccl.so.2'));
  });

  test.skipIf(isInstalled)("among pip's packages of the Python on the PATH", async () => {
    const home = await ncclHome();
    const folder = join(temporaryFolder(), 'nvidia');
    mkdirSync(folder);
    symlinkSync(home, join(folder, 'nccl'));
    const bin = temporaryFolder();
    writeFileSync(join(bin, 'python3'), `#!/bin/sh\necho /nowhere/nvidia\necho '${folder}'\n`, { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`);
    expect((await findNccl()).path).toBe(join(folder, 'nccl/lib/libnccl.so.2'));
  });
});

describe('NCCL is asked for, with what to install', () => {
  test('where NCCL_HOME has none', async () => {
    vi.stubEnv('NCCL_HOME', '/nowhere');
    await expect(findNccl()).rejects.toThrow(
      /^expected libnccl\.so\.2 in \/nowhere\/lib, \/nowhere\/lib64, \/nowhere, as NCCL_HOME says, and found none; install it \(pip/,
    );
  });

  test.skipIf(isInstalled)('where there is none', async () => {
    vi.stubEnv('PATH', '/nowhere');
    await expect(findNccl()).rejects.toThrow(/^libnccl\.so\.2 was not found; install it \(pip/);
  });

  test('where it is too old', async () => {
    vi.stubEnv('NCCL_HOME', await ncclHome(['-DVERSION=2804']));
    await expect(findNccl()).rejects.toThrow(/^expected NCCL 2\.13\.0 or newer, found 2\.8\.4 \(/);
  });
});
