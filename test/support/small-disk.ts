import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { messageOf } from '#minillm/support/errors.js';
import { temporaryFolder } from './temporary-folder.ts';

/** An empty disk of so many MB, which is taken away when the test ends. Skips the test where none can be made. */
export function smallDisk({ skip }: TestContext, megabytes: number): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) skip('mounting a small tmpfs takes root on Linux');
  const disk = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk], { stdio: 'pipe' });
  } catch (cause) {
    skip(`mounting a small tmpfs was refused: ${messageOf(cause)}`);
  }
  onTestFinished(() => {
    execFileSync('umount', [disk]);
  });
  return disk;
}

/** Takes all but so many bytes of a disk. Returns what frees them. */
export function fillDisk(disk: string, left = 0): () => void {
  const { bavail, bsize } = statfsSync(disk);
  const path = join(disk, 'filler');
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - left)));
  return () => rmSync(path);
}
