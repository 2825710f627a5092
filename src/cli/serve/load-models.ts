/** @file Reads the models that `minillm serve` begins with. */

import type { ModelPool } from '../../app/server/models/model-pool.ts';
import type { ModelSource } from '../../app/server/models/served-model.ts';
import { sparesDevice } from '../../engine/runtime/device-lost.ts';

export interface LoadOptions {
  /** Whether the model beside the main one must be there; if not, the server goes on without it where it does not fit. */
  readonly isComparedNeeded: boolean;
  /** Called with what is being done, for a person, and again every second. */
  readonly show: (message: string) => void;
}

/** @throws UserError when a model that must be there does not fit in memory, or a file is damaged */
export async function loadModels(
  pool: ModelPool,
  compared: ModelSource | undefined,
  { isComparedNeeded, show }: LoadOptions,
): Promise<void> {
  await showing(`loading ${pool.main.id}`, show, () => pool.loadMain());
  if (!compared) return;
  try {
    await showing(`loading ${compared.id}`, show, () => pool.loadCompared(compared));
  } catch (cause) {
    if (isComparedNeeded || !sparesDevice(cause)) throw cause;
    console.error(`minillm: ${cause.message}; going on without ${compared.id}`);
  }
}

async function showing(message: string, show: LoadOptions['show'], work: () => Promise<void>): Promise<void> {
  show(message);
  const again = setInterval(() => show(message), 1000);
  try {
    await work();
  } finally {
    clearInterval(again);
  }
}
