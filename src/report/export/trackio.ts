/** @file A run that was not logged while it trained, or not to the end, into trackio's inbox. */

import { resolve } from 'node:path';
import { fileError } from '../../support/files.ts';
import { logRun, RunLog } from '../log/run-logger.ts';
import { TrackioLogger, trackioInbox, trackioProject } from '../log/trackio.ts';
import { derivedTrackioId, readTrackioId } from '../log/trackio-id.ts';
import type { RunCurves } from '../series/curves.ts';

/**
 * Tells trackio all that a run has measured; what it has of the run already stays as it is.
 * @throws UserError when the system refuses.
 */
export async function exportToTrackio(run: RunCurves): Promise<void> {
  const inbox = trackioInbox();
  const id = (await readTrackioId(run.path)) ?? derivedTrackioId({ ...run, path: resolve(run.path) });
  const config = run.facts?.configuration ?? {};
  try {
    const logger = new TrackioLogger(inbox, { project: trackioProject(), name: run.name, id, config });
    logRun(run, new RunLog(logger));
    logger.close();
  } catch (cause) {
    throw fileError(inbox, 'write to it', cause);
  }
}
