/** @file The reference model of `test/fixtures/gpt2-tiny`, or that of another folder, loaded for scoring. */

import { Session } from '#minillm/engine/runtime/session.js';
import { planScoring } from '#minillm/eval/programs.js';
import { Scorer } from '#minillm/eval/scorer.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { layoutForInference } from '#minillm/generate/programs.js';
import { loadParameters } from '#minillm/model/parameters.js';
import { type Device, openDevice } from '../engine/devices.ts';
import { FIXTURE } from '../generate/fixture.ts';

/** A scorer of the model that takes so many tokens at once. */
export async function openScorer(
  device: Device,
  { path = FIXTURE, tokens = 256, top = 0, threads = 2 } = {},
): Promise<{ readonly scorer: Scorer; readonly contextLength: number }> {
  const backend = await openDevice(device, threads);
  const folder = await openGpt2Folder(path);
  const { config } = folder;
  const layout = layoutForInference(config);
  const score = planScoring(config, layout, backend, { tokens, top, precision: device.precision });
  const session = new Session(backend, layout, { score });
  await loadParameters(session, folder);
  await folder.close();
  return { scorer: new Scorer(session.program('score'), config.contextLength), contextLength: config.contextLength };
}
