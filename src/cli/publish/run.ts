/** @file What `minillm publish` does. */

import { join } from 'node:path';
import { checkRepositoryName, type UploadTarget } from '../../hub/upload/upload.ts';
import type { UploadFile } from '../../hub/upload/upload-file.ts';
import { drawPng, drawSvg } from '../../report/figure/draw.ts';
import { resultsFigure } from '../../report/figure/figure.ts';
import { formatCount } from '../../support/format.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { modelCard, PICTURE } from './model-card.ts';
import { type MeasuredRun, type PublishedModel, readPublishedModel } from './published-model.ts';
import { CARD, describeUpload, openShownHub, STOP_NOTICE, showUpload } from './show-upload.ts';

export interface PublishFlags {
  readonly checkpoint: string;
  readonly license?: string;
  readonly private?: true;
  readonly withOptimizer?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const METRICS = 'metrics.jsonl';

/** Uploads the checkpoint, or says what would be uploaded. */
export async function runPublish(name: string, flags: PublishFlags): Promise<void> {
  checkRepositoryName(name);
  const model = await readPublishedModel(flags.checkpoint, { withOptimizer: flags.withOptimizer ?? false });
  const card = modelCard(model, { name, license: flags.license });
  const files = filesToUpload(model, name, card);
  if (flags.license === undefined) console.error('minillm: the card names no license; --license gives the model one');
  const target = { kind: 'model', name } as const;
  if (flags.dryRun) await describeUpload(target, files, card, flags);
  else await upload(target, model, files, flags);
}

/** The files of the checkpoint, and what is made of its run. */
function filesToUpload({ folder, files, run }: PublishedModel, name: string, card: string): UploadFile[] {
  const made = new Map<string, string | Uint8Array>([[CARD, card]]);
  if (run) {
    made.set(METRICS, run.metrics);
    made.set(PICTURE, picture(name, run));
  }
  return [
    ...files.filter((file) => !made.has(file)).map((file) => ({ path: file, content: { file: join(folder, file) } })),
    ...[...made].map(([path, content]) => ({ path, content: { bytes: Buffer.from(content) } })),
  ];
}

function picture(name: string, { curves }: MeasuredRun): Uint8Array {
  const title = name.split('/')[1] ?? name;
  const figure = resultsFigure([curves], { title, theme: 'light', references: false });
  return drawPng(drawSvg(figure.option, figure));
}

async function upload(
  target: UploadTarget,
  model: PublishedModel,
  files: readonly UploadFile[],
  flags: PublishFlags,
): Promise<void> {
  const progress = new Progress();
  const hub = await openShownHub(progress);
  const [isPrivate, json] = [flags.private ?? false, flags.json ?? false];
  await abortOnSignals(
    (signal) => showUpload(hub, target, files, { isPrivate, title: commitTitle(model), signal, progress, json }),
    STOP_NOTICE,
  );
}

function commitTitle({ state }: PublishedModel): string {
  return state ? `Step ${formatCount(state.step)}` : 'Weights, configuration and tokenizer';
}
