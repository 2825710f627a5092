/** @file What keeps this machine from running the kernels as native code. */

import type { Precision } from '../../engine/tensor.ts';
import { howToInstall, lookForCompiler } from '../../native/compiler.ts';
import { koffiObstacle } from '../../native/load-koffi.ts';
import { UserError } from '../../support/errors.ts';
import { detectVariant, openKernels } from './libraries.ts';
import { chooseVariant } from './variants.ts';

export interface CpuObstacle {
  readonly found: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Undefined where the kernels have been compiled before, or can be as far as one sees without doing it. */
export async function findCpuObstacle(precision: Precision): Promise<CpuObstacle | undefined> {
  const { platform, arch } = process;
  // they are written for POSIX
  if (platform === 'win32') return { found: 'native kernels do not run on Windows', advice: howToInstall(platform) };
  if (koffiObstacle !== undefined) {
    const advice = 'install miniLLM again with optional dependencies, where koffi has a build for this system';
    return { found: `koffi could not be loaded on ${platform}, ${arch} (${koffiObstacle})`, advice };
  }
  if (await lookForCompiler()) return undefined;
  try {
    await openKernels(chooseVariant(await detectVariant(), process.env.MINILLM_CPU_VARIANT), precision);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    const named = process.env.CC?.trim();
    const found = named ? `CC names ${named}, which does not answer` : 'no C compiler was found';
    return { found, advice: howToInstall(platform) };
  }
}
